"""Demands and steps as JSON, which is what is sealed of them; and read again. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from earwitness.domain.demand import (
    Authority,
    AuthorityKind,
    Category,
    Demand,
    DemandKind,
    Gag,
    Office,
    Outcome,
    Scope,
    Step,
    StepKind,
)


def demand_json(demand: Demand) -> dict[str, Any]:
    """A demand as JSON."""
    return {
        "demand_id": demand.demand_id,
        "kind": demand.kind.value,
        "authority": [demand.authority.name, demand.authority.kind.value, demand.authority.jurisdiction],
        "document_sha256": demand.document_sha256,
        "scope": demand.scope.as_json(),
        "received_at": _said(demand.received_at),
        "issued_at": _said(demand.issued_at),
        "expires_at": _said(demand.expires_at),
        "gag": None if demand.gag is None else {"until": _said(demand.gag.until)},
        "is_home": demand.is_home,
    }


def demand_of(told: Mapping[str, Any]) -> Demand:
    """The demand again."""
    name, kind, jurisdiction = told["authority"]
    return Demand(
        demand_id=told["demand_id"],
        kind=DemandKind(told["kind"]),
        authority=Authority(name=name, kind=AuthorityKind(kind), jurisdiction=jurisdiction),
        document_sha256=told["document_sha256"],
        scope=scope_of(told["scope"]),
        received_at=datetime.fromisoformat(told["received_at"]),
        issued_at=_when(told["issued_at"]),
        expires_at=_when(told["expires_at"]),
        gag=None if told["gag"] is None else Gag(until=_when(told["gag"]["until"])),
        is_home=told["is_home"],
    )


def scope_of(told: Mapping[str, Any]) -> Scope:
    """A scope from its `as_json`."""
    return Scope(
        persons=tuple(told["persons"]),
        devices=tuple(told["devices"]),
        since=_when(told["since"]),
        until=_when(told["until"]),
        categories=frozenset(Category(one) for one in told["categories"]),
        unknown_persons=told["unknown_persons"],
        is_all_data=told["all_data"],
        has_unnamed_others=told["unnamed_others"],
    )


def step_json(step: Step) -> dict[str, Any]:
    """A step as JSON, without its place in the ledger."""
    return {
        "kind": step.kind.value,
        "office": step.office.value,
        "by": step.by,
        "at": _said(step.at),
        "reason": step.reason,
        "due_at": _said(step.due_at),
        "scope": None if step.scope is None else step.scope.as_json(),
        "scope_sha256": step.scope_sha256,
        "object_until": _said(step.object_until),
        "told_from": _said(step.told_from),
        "held_until": _said(step.held_until),
        "outcome": step.outcome.value if step.outcome else None,
        "facts": dict(step.facts),
    }


def step_of(told: Mapping[str, Any], *, position: int | None) -> Step:
    """The step again."""
    return Step(
        kind=StepKind(told["kind"]),
        office=Office(told["office"]),
        by=told["by"],
        at=datetime.fromisoformat(told["at"]),
        reason=told["reason"],
        due_at=_when(told["due_at"]),
        scope=None if told["scope"] is None else scope_of(told["scope"]),
        scope_sha256=told["scope_sha256"],
        object_until=_when(told["object_until"]),
        told_from=_when(told["told_from"]),
        held_until=_when(told["held_until"]),
        outcome=Outcome(told["outcome"]) if told["outcome"] else None,
        facts=told["facts"],
        position=position,
    )


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _when(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
