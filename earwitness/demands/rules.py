"""The rules by which a demand is looked at: read from TOML, and what they find. Pure but for `read_rules`.

They count nothing and know nobody: who is a child, and what other demands there are, comes as an argument.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from earwitness.domain.demand import AuthorityKind, Category, Demand, DemandKind, Finding, Scope
from earwitness.domain.errors import SettingsError

OWN: Final = Path(__file__).parent / "rules.toml"
BLOCKING: Final = frozenset(
    {
        Finding.NO_DATES,
        Finding.TOO_LONG,
        Finding.FUTURE,
        Finding.ALL_DATA,
        Finding.NO_CATEGORIES,
        Finding.UNNAMED_OTHERS,
        Finding.NOBODY_NAMED,
        Finding.NOT_REACHED,
        Finding.REVIEWERS_NOTES,
        Finding.WRONG_AUTHORITY,
        Finding.EXPIRED,
    }
)
"""With one of these a scope cannot be approved: it is narrowed, or the demand refused."""
FOR_COUNSEL: Final = frozenset(
    {
        Finding.UNKNOWN_JURISDICTION,
        Finding.GAG_WITHOUT_END,
        Finding.GAG_TOO_LONG,
        Finding.CHILD,
        Finding.CONFLICT,
        Finding.WRONG_AUTHORITY,
        Finding.BY_DEVICE,
    }
)
"""With one of these only counsel validates."""
SENTENCES: Final[Mapping[Finding, str]] = {
    Finding.NO_DATES: "It names no time, or only one end of it.",
    Finding.TOO_LONG: "It asks for a longer time than such a demand may.",
    Finding.FUTURE: "It asks for what was not said yet when it came in.",
    Finding.ALL_DATA: "It asks for all data instead of naming what is needed.",
    Finding.NO_CATEGORIES: "It does not say what kind of data it asks for.",
    Finding.UNNAMED_OTHERS: "It asks for people whom it does not name.",
    Finding.NOBODY_NAMED: "It names nobody.",
    Finding.NOT_REACHED: "It asks for more than such a demand reaches; what was said needs a warrant.",
    Finding.REVIEWERS_NOTES: "It asks for notes of reviewers, who are not told whose words they judge, and are not a party.",
    Finding.BY_DEVICE: "What was said is not held by device, so none of it answers a demand that names one.",
    Finding.WRONG_AUTHORITY: "Such an authority cannot issue such a demand.",
    Finding.UNKNOWN_JURISDICTION: "The rules were not reviewed for the law of this jurisdiction.",
    Finding.GAG_WITHOUT_END: "It forbids telling the person without saying until when; that is not honoured.",
    Finding.GAG_TOO_LONG: "It forbids telling the person for longer than is honoured.",
    Finding.EXPIRED: "Its time is over.",
    Finding.CHILD: "It is about a child.",
    Finding.CONFLICT: "Another open demand is about the same person and time.",
}
"""Each finding in plain words."""
_SPOKEN: Final = frozenset({Category.TURNS, Category.WORDS, Category.SOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRules:
    """What one kind of demand reaches, who issues it, and its times in days and hours."""

    reaches: frozenset[Category]
    issued_by: frozenset[AuthorityKind]
    longest_span_days: float
    notice_days: float
    longest_hold_days: float = 90.0
    review_hours: float = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of them; `sha256` is of the file that they were read from."""

    sha256: str
    reviewed_by: str
    reviewed_on: str
    jurisdictions: frozenset[str]
    longest_gag_days: float
    narrow_to_days: float
    validate_within_days: float
    answer_within_days: float
    kinds: Mapping[DemandKind, KindRules]

    def honoured_gag(self, demand: Demand) -> datetime | None:
        """Until when a demand's gag is honoured; None where there is none with an end that is to come."""
        if demand.gag is None or demand.gag.until is None:
            return None
        until = min(demand.gag.until, demand.received_at + timedelta(days=self.longest_gag_days))
        return until if until > demand.received_at else None


def read_rules(path: Path = OWN) -> Rules:
    """The rules in a file. Raises SettingsError that says what is wrong with it."""
    try:
        data = path.read_bytes()
        return _rules(tomllib.loads(data.decode()), sha256=hashlib.sha256(data).hexdigest())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"The rules of demands in {path} cannot be read: {error}.") from error


def _rules(told: Mapping[str, Any], *, sha256: str) -> Rules:
    known = {*Rules.__dataclass_fields__} - {"sha256"} | {"version"}
    if unknown := set(told) - known:
        raise ValueError(f"unknown key {min(unknown)}")
    if told["version"] != 1:
        raise ValueError("another version than 1")
    return Rules(
        sha256=sha256,
        reviewed_by=str(told["reviewed_by"]),
        reviewed_on=str(told["reviewed_on"]),
        jurisdictions=frozenset(str(one).lower() for one in told["jurisdictions"]),
        longest_gag_days=_length(told["longest_gag_days"]),
        narrow_to_days=_length(told["narrow_to_days"]),
        validate_within_days=_length(told["validate_within_days"]),
        answer_within_days=_length(told["answer_within_days"]),
        kinds={kind: _kind(told["kinds"][kind.value]) for kind in DemandKind},
    )


def _kind(told: Mapping[str, Any]) -> KindRules:
    rest = {name: _length(value) for name, value in told.items() if name not in ("reaches", "issued_by")}
    reaches = frozenset(Category(one) for one in told["reaches"])
    return KindRules(reaches=reaches, issued_by=frozenset(AuthorityKind(one) for one in told["issued_by"]), **rest)


def _length(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 36_500:
        raise ValueError(f"{value!r} is no length of time")
    return float(value)


def findings(
    demand: Demand, scope: Scope, *, rules: Rules, now: datetime, children: Set[str] = frozenset(), has_conflict: bool = False
) -> tuple[Finding, ...]:
    """What is wrong or doubtful in asking for that scope by that demand, in the order of `Finding`."""
    kind, span = rules.kinds[demand.kind], scope.span
    gag_until = None if demand.gag is None else demand.gag.until
    told = {
        Finding.NO_DATES: span is None,
        Finding.TOO_LONG: span is not None and span > timedelta(days=kind.longest_span_days),
        Finding.FUTURE: scope.until is not None and scope.until > demand.received_at,
        Finding.ALL_DATA: scope.is_all_data,
        Finding.NO_CATEGORIES: not scope.categories and not scope.is_all_data,
        Finding.UNNAMED_OTHERS: scope.has_unnamed_others,
        Finding.NOBODY_NAMED: not scope.persons and not scope.unknown_persons,
        Finding.NOT_REACHED: bool(scope.categories - kind.reaches - {Category.NOTES}),
        Finding.REVIEWERS_NOTES: Category.NOTES in scope.categories,
        Finding.BY_DEVICE: bool(scope.devices) and bool(scope.categories & _SPOKEN),
        Finding.WRONG_AUTHORITY: demand.authority.kind not in kind.issued_by,
        Finding.UNKNOWN_JURISDICTION: demand.authority.jurisdiction.lower() not in rules.jurisdictions,
        Finding.GAG_WITHOUT_END: demand.gag is not None and gag_until is None,
        Finding.GAG_TOO_LONG: gag_until is not None and gag_until > demand.received_at + timedelta(days=rules.longest_gag_days),
        Finding.EXPIRED: demand.expires_at is not None and now >= demand.expires_at,
        Finding.CHILD: bool(children & set(scope.persons)),
        Finding.CONFLICT: has_conflict,
    }
    return tuple(one for one in Finding if told[one])


def proposal(demand: Demand, scope: Scope, *, rules: Rules) -> Scope | None:
    """The most of that scope which is lawful by these rules; None where nothing is."""
    kind = rules.kinds[demand.kind]
    asked = scope.categories or (frozenset(Category) if scope.is_all_data else frozenset())  # "all data" adds nothing to names
    categories = asked & kind.reaches
    if not categories or not (scope.persons or scope.unknown_persons) or demand.authority.kind not in kind.issued_by:
        return None
    until = min(scope.until or demand.issued_at or demand.received_at, demand.received_at)
    longest = kind.longest_span_days if scope.span is not None else min(rules.narrow_to_days, kind.longest_span_days)
    since = max(scope.since or until - timedelta(days=longest), until - timedelta(days=longest))
    if since >= until:
        return None
    return replace(scope, since=since, until=until, categories=categories, is_all_data=False, has_unnamed_others=False)
