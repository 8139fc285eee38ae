"""The review service after its household: how soon what was withdrawn is gone, and what it does while the household is away."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import earwitness
from earwitness.domain.errors import NetworkError
from earwitness.jobs import draw_sample, follow_household
from earwitness.jobs.follow_household import FollowHousehold

PAGE = Path(earwitness.__file__).parent / "web" / "static" / "review.js"


@dataclass
class Household:
    """One that is there or away."""

    is_there: bool = True
    tasks: dict[str, str] = field(default_factory=dict)
    suspended: dict[str, str] = field(default_factory=dict)

    def offered(self) -> Mapping[str, str]:
        if not self.is_there:
            raise NetworkError("The household does not answer now; come back later.", code="network.no_answer")
        return self.tasks

    def tell_suspended(self, reviewers: Mapping[str, str]) -> None:
        self.suspended = dict(reviewers)


@dataclass
class Desk:
    """One at which somebody is suspended."""

    def suspended(self) -> tuple[tuple[str, str, datetime], ...]:
        return (("calm-otter-2222", "guessed ids", datetime(2026, 3, 2, tzinfo=UTC)),)


def test_the_desk_follows_and_while_the_household_is_away_it_stays_as_it_was() -> None:
    household = Household(tasks={"1": "2026-W10"})
    taken: list[Mapping[str, str]] = []
    renewed: list[bool] = []
    job = FollowHousehold(household, Desk(), take=taken.append, check=lambda: None, renew=lambda: renewed.append(True))
    assert job.look()
    assert (taken, household.suspended, renewed) == ([{"1": "2026-W10"}], {"calm-otter-2222": "guessed ids"}, [True])
    household.is_there = False
    assert not job.look()
    assert len(taken) == 1
    household.is_there, household.tasks = True, {}
    assert job.look()
    assert taken[-1] == {}


def test_what_is_withdrawn_is_gone_from_every_screen_within_a_minute() -> None:
    """The household settles, the service asks, the page looks: each at its own pace, the slowest case of all three in a row."""
    found = re.search(r"const LOOK_MS = ([\d_]+);", PAGE.read_text(encoding="utf-8"))
    assert found is not None
    page_seconds = int(found[1]) / 1000
    assert draw_sample.LOOK_EVERY_SECONDS + follow_household.LOOK_EVERY_SECONDS + page_seconds <= 50.0
