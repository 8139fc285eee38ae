"""YAML as nodes that know their line and path, so that an error can say where. Reads text only; it knows nothing of homes.

Refuses what a hand-written file never needs and an attacker does: anchors and aliases (the "billion laughs"), custom
tags, repeated keys, files and nesting beyond a bound.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import yaml

from earwitness.domain.errors import HomeFileError
from earwitness.domain.intent import SlotValue

LARGEST_BYTES = 512 * 1024
DEEPEST = 12
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map"))


@dataclass(frozen=True, slots=True)
class Spot:
    """One node of the file with its path ("devices[2].area")."""

    node: yaml.Node
    path: str
    file: str

    def fail(self, sentence: str) -> NoReturn:
        """Raise HomeFileError for this place; `sentence` says what is wrong and what to write, without a full stop."""
        where = f"{self.file}, line {self.node.start_mark.line + 1}"
        raise HomeFileError(f"In {where}{f' ({self.path})' if self.path else ''}: {sentence}.")

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_null(self) -> bool:
        return self.is_scalar and self.node.tag == "tag:yaml.org,2002:null"

    def text(self) -> str:
        """The words as written: `on` stays "on". Fails for a list or a mapping."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.fail("write plain text here")
        return "" if self.is_null else " ".join(str(self.node.value).split())

    def value(self) -> SlotValue:
        """A number, a boolean or text."""
        text = self.text()
        kind = self.node.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "bool":
            return text.casefold() in ("true", "yes", "on")
        if kind not in ("int", "float"):
            return text
        try:
            number = yaml.safe_load(text)
        except ValueError:
            self.fail("this number is too long")
        if not isinstance(number, int | float) or not math.isfinite(number):
            self.fail("this is not a number that a device can have")
        return number

    def items(self) -> Iterator["Spot"]:
        """The items of a list; a single value counts as a list of one, nothing as an empty one."""
        if isinstance(self.node, yaml.SequenceNode):
            for index, node in enumerate(self.node.value):
                yield Spot(node, f"{self.path}[{index + 1}]", self.file)
        elif not self.is_null:
            yield self

    def fields(self) -> dict[str, "Spot"]:
        """The fields of a mapping, by key as written. Fails when it is none or a key is repeated."""
        if self.is_null:
            return {}
        if not isinstance(self.node, yaml.MappingNode):
            self.fail('write "key: value" lines here')
        found: dict[str, Spot] = {}
        for key_node, node in self.node.value:
            key = Spot(key_node, self.path, self.file).text()
            if key in found:
                Spot(key_node, self.path, self.file).fail(f'"{key}" is there twice; keep one')
            found[key] = Spot(node, f"{self.path}.{key}".lstrip("."), self.file)
        return found


def read_nodes(path: Path) -> Spot:
    """Read one YAML document. Raises HomeFileError, with the line, when it cannot be read or goes beyond a bound."""
    name = path.name
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise HomeFileError(f"The home file {path} cannot be opened: {error.strerror}.") from error
    if len(data) > LARGEST_BYTES:
        raise HomeFileError(f"The home file {name} is larger than {LARGEST_BYTES // 1024} KiB; describe fewer devices.")
    try:
        root = yaml.compose(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise HomeFileError(f"The home file {name} is not UTF-8 text; save it as UTF-8.") from error
    except RecursionError as error:
        raise HomeFileError(f"The home file {name} is nested too deeply; use at most {DEEPEST} levels.") from error
    except yaml.YAMLError as error:
        raise HomeFileError(_sentence(error, name)) from error
    if root is None:
        raise HomeFileError(f"The home file {name} is empty; list areas and devices in it.")
    spot = Spot(root, "", name)
    _check(spot, depth=0, seen=set())
    return spot


def _sentence(error: yaml.YAMLError, name: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f", line {mark.line + 1}" if mark is not None else ""
    problem = str(getattr(error, "problem", "") or "it is not YAML").split("\n")[0]
    return f"In {name}{line}: this cannot be read as YAML ({problem}); check the indentation and quotes there."


def _check(spot: Spot, *, depth: int, seen: set[int]) -> None:
    if depth > DEEPEST:
        spot.fail(f"this is nested too deeply; use at most {DEEPEST} levels")
    if id(spot.node) in seen:
        spot.fail("anchors and aliases (& and *) are not supported; write the values out")
    seen.add(id(spot.node))
    if spot.node.tag not in _TAGS:
        spot.fail("tags (!) and merge keys (<<) are not supported; write plain values")
    children: list[yaml.Node] = []
    if isinstance(spot.node, yaml.MappingNode):
        children = [node for pair in spot.node.value for node in pair]
    elif isinstance(spot.node, yaml.SequenceNode):
        children = list(spot.node.value)
    for node in children:
        _check(Spot(node, spot.path, spot.file), depth=depth + 1, seen=seen)
