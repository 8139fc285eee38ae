"""The terms of review that two people decide on: what may be proposed, and within which limits. Pure.

No approval goes beyond what people were told when they consented: at most 0.2 % is drawn, and at
most five a month of one person, whoever agrees to more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from earwitness.domain.errors import OversightError
from earwitness.domain.oversight import Subject
from earwitness.domain.review import HIGHEST_PER_MONTH, HIGHEST_RATE_MILLIONTHS, THOUSAND, DrawTerms

DAY_SECONDS: Final = 86_400.0
LONGEST_DAYS: Final = 3_660
"""What people may choose at most; a limit above it would be none."""
LONGEST_LEASE_MINUTES: Final = 480
MOST_NETWORKS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTerms:
    """When (hours of the home's clock, from and up to), from which networks (none: any) and how long at a time reviewers work."""

    lease_minutes: int
    from_hour: int
    until_hour: int
    networks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "lease_minutes": self.lease_minutes,
            "from_hour": self.from_hour,
            "until_hour": self.until_hour,
            "networks": list(self.networks),
        }


def draw_terms(values: Mapping[str, Any]) -> DrawTerms:
    """What is drawn, from the values of a proposal. Raises OversightError (oversight.invalid) beyond the limits."""
    _only(values, DrawTerms().as_json())
    return DrawTerms(
        rate_millionths=_whole(values, "rate_millionths", 0, HIGHEST_RATE_MILLIONTHS),
        doubtful_thousandths=_whole(values, "doubtful_thousandths", 0, THOUSAND),
        most_per_month=_whole(values, "most_per_month", 0, HIGHEST_PER_MONTH),
    )


def longest_seconds(values: Mapping[str, Any]) -> float:
    """How long anything is kept at most. Raises OversightError (oversight.invalid)."""
    _only(values, {"longest_days": 1})
    return _whole(values, "longest_days", 1, LONGEST_DAYS) * DAY_SECONDS


def work_terms(values: Mapping[str, Any]) -> WorkTerms:
    """How reviewers work. Raises OversightError (oversight.invalid)."""
    _only(values, WorkTerms(lease_minutes=1, from_hour=0, until_hour=24).as_json())
    networks = values["networks"]
    if not isinstance(networks, list | tuple) or len(networks) > MOST_NETWORKS:
        raise _invalid(f"Name at most {MOST_NETWORKS} networks.")
    try:
        named = tuple(str(ip_network(str(one))) for one in networks)
    except ValueError as error:
        raise _invalid(f"That is no network: {error}.") from error
    return WorkTerms(
        lease_minutes=_whole(values, "lease_minutes", 1, LONGEST_LEASE_MINUTES),
        from_hour=_whole(values, "from_hour", 0, 23),
        until_hour=_whole(values, "until_hour", 1, 24),
        networks=named,
    )


_CHECKS: Final[Mapping[Subject, Callable[[Mapping[str, Any]], object]]] = {
    Subject.DRAW: draw_terms,
    Subject.RETENTION: longest_seconds,
    Subject.WORK: work_terms,
}


def check(subject: Subject, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they go to the ledger. Raises OversightError (oversight.invalid)."""
    found = _CHECKS[subject](values)
    if isinstance(found, DrawTerms | WorkTerms):
        return dict(found.as_json())
    return {"longest_days": values["longest_days"]}


def _only(values: Mapping[str, Any], wanted: Mapping[str, object]) -> None:
    if set(values) != set(wanted):
        raise _invalid(f"This takes {', '.join(sorted(wanted))}, and nothing else.")


def _whole(values: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _invalid(f"{name.replace('_', ' ').capitalize()} is a whole number from {least} to {most}.")
    return value


def _invalid(sentence: str) -> OversightError:
    return OversightError(sentence, code="oversight.invalid")
