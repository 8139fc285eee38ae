"""Whose account a link of messages is: by name once, then by who that was; nobody else's, whatever they are called."""

from dataclasses import replace

import pytest

from earwitness.domain.errors import LinkError
from earwitness.links.message_link import MessageLink
from earwitness.links.message_links import SmsOptions, message_kinds
from earwitness.links.owned_link import OwnedLink
from tests.unit.links.link_seats import DictMemory, running, seat
from tests.unit.skills.post import ANNA, BEN, Line


class Living(Line):
    """Works as soon as it runs."""

    async def run(self, report) -> None:  # type: ignore[no-untyped-def]
        report.works()
        await super().run(report)


class Here:
    """Who lives here, and what the link kept."""

    def __init__(self) -> None:
        self.people = [ANNA, BEN]
        self.kept = dict[str, bytes]()

    def link(self, name: str = "anna") -> OwnedLink:
        return OwnedLink(Living(), name=name, memory=DictMemory(self.kept), people=lambda: self.people)


async def owner(link: OwnedLink) -> str | None:
    assert isinstance(link, MessageLink)
    assert link.owner_id == "", "nobody's before it runs"
    async with running(link) as works:
        await works.until_works()
        return link.owner_id


async def test_it_stays_theirs_when_names_change() -> None:
    here = Here()
    assert await owner(here.link()) == ANNA.person_id
    here.people = [replace(ANNA, name="Annabel"), replace(BEN, name="Anna")]
    assert await owner(here.link()) == ANNA.person_id
    assert await owner(here.link("Annabel")) == ANNA.person_id, "the owner chose anew"


@pytest.mark.parametrize("gone", [True, False])
async def test_it_does_not_run_for_who_is_gone_or_never_was(gone: bool) -> None:
    here = Here()
    if gone:
        await owner(here.link())
        here.people = [BEN, replace(ANNA, person_id="cc" * 16)]
    link = here.link() if gone else here.link("Anan")
    async with running(link) as works:
        error = await works.until_ended()
        assert isinstance(error, LinkError)
        assert error.code == "link.invalid"
    assert works.times_worked == 0
    assert link.owner_id == ""


def test_every_kind_with_a_person_is_owned() -> None:
    kinds = message_kinds(lambda: None, people=lambda: (ANNA,))  # type: ignore[arg-type, return-value]
    made = kinds[2].make(seat(SmsOptions(folder="/nowhere", person="Anna")))  # type: ignore[arg-type]
    assert isinstance(made, OwnedLink)
    shared = kinds[2].make(seat(SmsOptions(folder="/nowhere")))  # type: ignore[arg-type]
    assert isinstance(shared, MessageLink)
    assert shared.owner_id is None
