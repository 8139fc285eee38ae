"""The little of Jinja that devices on MQTT use to say where a value is in their message: `{{ value_json.state }}`. Pure.

A template comes from a stranger. It is parsed by Jinja and then read here, step by step: it cannot loop, call, import or grow.
What is not understood gives no value (None), never an error.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, TemplateError, nodes

from earwitness.domain.intent import SlotValue

LONGEST_TEMPLATE: Final = 2_000
LONGEST_VALUE: Final = 4_000
MOST_STEPS: Final = 500
_SCALAR: Final = (str, int, float, bool, type(None))
"""What is compared and given. A list can hold itself twice at each step: to compare or write it would take for ever."""
_PARSER: Final = Environment(autoescape=False)  # noqa: S701 - it parses only; nothing is rendered


class _UnknownError(Exception):
    """The template asks for what is not there, or for what is not understood."""


@dataclass(frozen=True, slots=True)
class Template:
    """What to take from a message; an empty source takes the message itself."""

    source: str = ""

    def read(self, payload: str, **names: SlotValue) -> object:
        """The value in a message, where `names` are known beside it; None if there is none."""
        if not self.source:
            return payload
        parsed = _parsed(self.source)
        if parsed is None:
            return None
        try:
            found = _Reading(payload, names).of(parsed)
        except (_UnknownError, RecursionError, ArithmeticError, TypeError, ValueError, LookupError):
            return None
        return found if isinstance(found, _SCALAR) and not (isinstance(found, str) and len(found) > LONGEST_VALUE) else None


@lru_cache(maxsize=4096)
def _parsed(source: str) -> nodes.Template | None:
    if len(source) > LONGEST_TEMPLATE:
        return None
    try:
        return _PARSER.parse(source)
    except (TemplateError, RecursionError, ValueError):
        return None


@lru_cache(maxsize=1)
def message_tree(payload: str) -> object:
    """A message as JSON, not to be changed: all things that it tells of share it. None if it is none."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


class _Reading:
    """One template read once."""

    def __init__(self, payload: str, names: Mapping[str, SlotValue]) -> None:
        self._names: dict[str, object] = {"value": payload, **names}
        self._payload = payload
        self._steps = 0

    def of(self, template: nodes.Template) -> object:
        parts: list[object] = []
        self._body(template.body, parts)
        if len(parts) == 1:
            return parts[0]
        return "".join(_text(part) for part in parts).strip()

    def _body(self, body: list[nodes.Node], parts: list[object]) -> None:
        for node in body:
            match node:
                case nodes.Output():
                    for child in node.nodes:
                        if isinstance(child, nodes.TemplateData):
                            if child.data.strip():
                                parts.append(child.data)
                        else:
                            parts.append(self._value(child))
                case nodes.If():
                    self._choose(node, parts)
                case nodes.Assign(target=nodes.Name(name=name)):
                    self._names[name] = self._value(node.node)
                case _:
                    raise _UnknownError

    def _choose(self, node: nodes.If, parts: list[object]) -> None:
        if self._value(node.test):
            self._body(node.body, parts)
            return
        for other in node.elif_:
            if self._value(other.test):
                self._body(other.body, parts)
                return
        self._body(node.else_, parts)

    def _value(self, node: nodes.Node) -> Any:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _UnknownError
        match node:
            case nodes.Const(value=value):
                return value
            case nodes.Name(name="value_json"):
                return message_tree(self._payload)
            case nodes.Name(name=name):
                return self._named(name)
            case nodes.Getattr(node=of, attr=key):
                return _member(self._value(of), key)
            case nodes.Getitem(node=of, arg=key):
                return _member(self._value(of), self._value(key))
            case nodes.Dict(items=items):
                return {self._value(pair.key): self._value(pair.value) for pair in items}
            case nodes.List(items=entries) | nodes.Tuple(items=entries):
                return [self._value(each) for each in entries]
            case nodes.CondExpr(test=test, expr1=one, expr2=other):
                return self._value(one) if self._value(test) else self._value(other) if other is not None else None
            case nodes.Not(node=of):
                return not self._value(of)
            case nodes.And(left=left, right=right):
                return self._value(left) and self._value(right)
            case nodes.Or(left=left, right=right):
                return self._value(left) or self._value(right)
            case nodes.Compare(expr=of, ops=ops) if len(ops) == 1:
                return _compared(self._value(of), ops[0].op, self._value(ops[0].expr))
            case nodes.Test(node=of, name="defined"):
                return self._is_there(of)
            case nodes.Filter():
                return self._filtered(node)
            case nodes.Add(left=left, right=right):
                return _number(self._value(left)) + _number(self._value(right))
            case nodes.Sub(left=left, right=right):
                return _number(self._value(left)) - _number(self._value(right))
            case nodes.Mul(left=left, right=right):
                return _number(self._value(left)) * _number(self._value(right))
            case nodes.Div(left=left, right=right):
                return _number(self._value(left)) / _number(self._value(right))
        raise _UnknownError

    def _named(self, name: str) -> object:
        if name not in self._names:
            raise _UnknownError
        return self._names[name]

    def _is_there(self, node: nodes.Node) -> bool:
        try:
            self._value(node)
        except (_UnknownError, TypeError, LookupError):
            return False
        return True

    def _filtered(self, node: nodes.Filter) -> Any:
        if node.node is None:
            raise _UnknownError
        arguments = [self._value(each) for each in node.args[:2]]
        if node.name in ("default", "d"):
            return self._value(node.node) if self._is_there(node.node) else (arguments[0] if arguments else "")
        value = self._value(node.node)
        match node.name:
            case "float":
                return _number(value)
            case "int":
                return int(_number(value))
            case "round":
                return round(_number(value), int(_number(arguments[0])) if arguments else 0)
            case "upper":
                return _text(value).upper()
            case "lower":
                return _text(value).lower()
            case "trim" | "string":
                return _text(value).strip()
            case "abs":
                return abs(_number(value))
        raise _UnknownError


def _member(of: object, key: object) -> object:
    if isinstance(of, Mapping) and isinstance(key, str | int | float | bool) and key in of:
        return of[key]
    if isinstance(of, list) and isinstance(key, int) and -len(of) <= key < len(of):
        return of[key]
    raise _UnknownError


def _number(value: object) -> float:
    found = float(value) if isinstance(value, int | float | str) and len(str(value)) < 40 else math.nan
    if not math.isfinite(found) or abs(found) > 1e15:
        raise _UnknownError
    return found


def _compared(left: object, by: str, right: object) -> bool:
    match by:
        case "eq":
            return _scalar(left) == _scalar(right)
        case "ne":
            return _scalar(left) != _scalar(right)
        case "gt":
            return _number(left) > _number(right)
        case "gteq":
            return _number(left) >= _number(right)
        case "lt":
            return _number(left) < _number(right)
        case "lteq":
            return _number(left) <= _number(right)
        case "in":
            return _is_in(_scalar(left), right)
    raise _UnknownError


def _scalar(value: object) -> object:
    if not isinstance(value, _SCALAR):
        raise _UnknownError
    return value


def _is_in(value: object, of: object) -> bool:
    if isinstance(of, str):
        return isinstance(value, str) and value in of
    if isinstance(of, list):
        return any(isinstance(each, _SCALAR) and value == each for each in of)
    return isinstance(of, dict) and value in of


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, int | float) else ""
