"""A demand as it is read off its paper: what must be there, and how much it asks for. It decides nothing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earwitness.demands.holdings import Held
from earwitness.domain.demand import Authority, Category, Demand, DemandKind, Gag, Scope
from earwitness.domain.errors import DemandError

MOST_DOCUMENT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A demand as somebody reads it off the paper: people by the names that stand there, devices by id, times aware."""

    kind: DemandKind
    authority: Authority
    names: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    categories: frozenset[Category] = frozenset()
    is_all_data: bool = False
    has_unnamed_others: bool = False
    gag: Gag | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None


def read_off(intake: Intake, document: bytes, *, held: Held, now: datetime, is_home: bool) -> Demand:
    """The demand, with people by their ids as far as they are known here. Raises DemandError (demand.invalid)."""
    if not 0 < len(document) <= MOST_DOCUMENT_BYTES:
        raise DemandError(f"The paper is a file of at most {MOST_DOCUMENT_BYTES:,} bytes.", code="demand.invalid")
    if not intake.authority.name.strip() or not intake.authority.jurisdiction.strip():
        raise DemandError("Say who demands it, and under which law.", code="demand.invalid")
    if intake.since and intake.until and intake.since >= intake.until:
        raise DemandError("The time that it is about ends before it begins.", code="demand.invalid")
    persons, unknown = held.resolve(intake.names)
    return Demand(
        demand_id=secrets.token_hex(16),
        kind=intake.kind,
        authority=intake.authority,
        document_sha256=hashlib.sha256(document).hexdigest(),
        scope=Scope(
            persons=persons,
            devices=intake.devices,
            since=intake.since,
            until=intake.until,
            categories=intake.categories,
            unknown_persons=unknown,
            is_all_data=intake.is_all_data,
            has_unnamed_others=intake.has_unnamed_others,
        ),
        received_at=now,
        issued_at=intake.issued_at,
        expires_at=intake.expires_at,
        gag=intake.gag,
        is_home=is_home,
    )


def extent(scope: Scope) -> dict[str, object]:
    """How much a scope asks for, as the ledger says it: nobody by name or id."""
    return {
        "people": len(scope.persons) + scope.unknown_persons,
        "categories": sorted(one.value for one in scope.categories),
        "days": None if scope.span is None else round(scope.span.total_seconds() / 86_400, 3),
    }
