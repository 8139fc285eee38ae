"""The API of the reviewers' desk. It shows what the shapes allow and nothing else; nothing is kept by whoever asks.

There is no route that gives more than one task, and none that gives a file; sound is in `playback_api`. Who comes in has shown
a second factor, from where and when the operator allows it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from earwitness.domain.account import SignInWay
from earwitness.domain.errors import AccessError, ReviewError
from earwitness.domain.recording import Actor, Role
from earwitness.domain.visitor import Visitor
from earwitness.review.desk import Desk, Lease
from earwitness.review.guidelines import Section
from earwitness.review.playback import Playback
from earwitness.web import review_shapes as shapes
from earwitness.web.drawn_api import words_shape
from earwitness.web.errors_told import told
from earwitness.web.playback_api import add_playback
from earwitness.web.signed_in import Came

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Version = Annotated[int, Path(ge=1)]
STRONG: Final = frozenset({SignInWay.CODE, SignInWay.PASSKEY, SignInWay.RECOVERY})
"""Ways of signing in that are more than a passphrase."""
NOT_KEPT: Final = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRules:
    """When and from where reviewers may work: hours of the home's clock, from and up to, over midnight if they end before they
    begin; and networks (none: any)."""

    from_hour: int = 0
    until_hour: int = 24
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def check(self, address: str, *, hour: int) -> None:
        """Raises AccessError (review.not_now, review.not_here)."""
        is_day = self.from_hour <= self.until_hour
        begun, goes_on = self.from_hour <= hour, hour < self.until_hour
        if not (begun and goes_on if is_day else begun or goes_on):
            raise AccessError(f"Work here is from {self.from_hour} to {self.until_hour} o'clock.", code="review.not_now")
        if not self.networks:
            return
        try:
            here = ip_address(address)
        except ValueError:
            here = None
        if here is None or not any(here in network for network in self.networks):
            raise AccessError("From this network nobody may review.", code="review.not_here")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskEntrance:
    """How one comes to the desk: `way` says how a visitor signed in, None for no sign-in; `clock` gives the home's time."""

    desk: Desk
    playback: Playback
    rules: Callable[[], EntryRules]
    way: Callable[[Visitor], SignInWay | None]
    clock: Callable[[], datetime]
    intents: Callable[[], Sequence[str]]

    def admitted(self, visitor: Visitor) -> tuple[Actor, str]:
        """The reviewer as somebody who opens recordings, and the sign-in. Raises AccessError."""
        self.check(self.way(visitor), visitor.origin.address or "unknown")
        person, sign_in_id = visitor.person, visitor.sign_in_id
        if sign_in_id is None:
            raise AccessError("No program reviews; sign in.", code="review.second_factor")
        return Actor(actor_id=person.person_id, alias=person.alias, role=Role.REVIEWER), sign_in_id

    def check(self, way: SignInWay | None, address: str) -> None:
        """Raises AccessError unless somebody who signed in that way may work now, from there; "" for an address not known."""
        if way not in STRONG:
            raise AccessError(
                "To review, sign in with a passkey, or with a code beside the passphrase (see your account).",
                code="review.second_factor",
            )
        rules = self.rules()
        (rules if address else replace(rules, networks=())).check(address, hour=self.clock().hour)


def desk_router(entrance: DeskEntrance) -> APIRouter:
    """The routes under /api/v1/review."""
    router = APIRouter(prefix="/api/v1/review", responses=told(404, 409))

    async def reviewer(visitor: Came, response: Response) -> tuple[Actor, str]:
        response.headers.update(NOT_KEPT)
        return await asyncio.to_thread(entrance.admitted, visitor)

    _add_coming(router, entrance, reviewer)
    _add_working(router, entrance.desk, reviewer)
    add_playback(router, entrance.playback, reviewer)
    return router


def _add_coming(router: APIRouter, entrance: DeskEntrance, reviewer: Callable[..., object]) -> None:
    desk = entrance.desk

    @router.get("")
    async def standing(came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> shapes.StandingShape:
        """How you stand, and the guidelines."""
        return await asyncio.to_thread(_standing, entrance, came[0].alias)

    @router.put("/guidelines/{version}", status_code=204)
    async def read(version: Version, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> None:
        """Say that you read the guidelines of that version, which is the one in force."""
        if version != await asyncio.to_thread(desk.guidelines.number):
            raise ReviewError("These are not the guidelines in force; load the page again.", code="review.over")
        await asyncio.to_thread(desk.reviewers.read, came[0].alias, version=version)

    @router.post("/test")
    async def paper(came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> shapes.PaperShape:
        """Take a test, or the one that you have not handed in."""
        found = await asyncio.to_thread(desk.test.paper, came[0].alias)
        asked = [{"words": one.words, "asks": one.asks, "choices": list(one.choices)} for one in found.questions]
        return shapes.PaperShape.model_validate({"paper_id": found.paper_id, "questions": asked})

    @router.put("/test", status_code=204)
    async def hand_in(given: shapes.Answers, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> None:
        """Hand in a test; it opens the desk if every answer is right."""
        await asyncio.to_thread(desk.test.hand_in, came[0].alias, given.paper_id, given.answers)

    @router.put("/shelter", status_code=204)
    async def shelter(chosen: shapes.Shelter, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> None:
        """Choose whether tasks come to you that somebody flagged as disturbing; either costs nothing."""
        await asyncio.to_thread(desk.reviewers.shelter, came[0].alias, is_on=chosen.is_on)


def _add_working(router: APIRouter, desk: Desk, reviewer: Callable[..., object]) -> None:
    @router.post("/leases")
    async def begin(came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> shapes.LeaseShape | None:
        """Take a task; the one that you have already, if you have one. Null if none waits."""
        found = await asyncio.to_thread(desk.begin, came[0], sign_in_id=came[1])
        return None if found is None else _lease(found)

    @router.post("/leases/{lease_id}/words")
    async def words(lease_id: Id, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> shapes.WordsShape:
        """Open the words of your task: on record each time, for whoever spoke to see."""
        _, found = await asyncio.to_thread(desk.open, came[0], lease_id, sign_in_id=came[1])
        return words_shape(found)

    @router.get("/leases/{lease_id}")
    async def is_running(lease_id: Id, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> bool:
        """Whether your task still is yours: it ends as soon as whoever spoke says so."""
        return await asyncio.to_thread(desk.is_running, came[0], lease_id, sign_in_id=came[1])

    @router.put("/leases/{lease_id}/judgement", status_code=204)
    async def judge(lease_id: Id, judged: shapes.Judgement, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> None:
        """Hand in what you judge; the task is done."""
        await asyncio.to_thread(desk.judge, came[0], lease_id, sign_in_id=came[1], body=judged.model_dump(mode="json"))

    @router.delete("/leases/{lease_id}", status_code=204)
    async def hand_back(
        lease_id: Id,
        came: Annotated[tuple[Actor, str], Depends(reviewer)],
        disturbing: Annotated[
            bool, Query(description="Whether it is hard to read: then it goes to nobody who wants nothing like it.")
        ] = False,
    ) -> None:
        """Give the task back: no reason, no cost."""
        await asyncio.to_thread(desk.hand_back, came[0], lease_id, sign_in_id=came[1], is_disturbing=disturbing)

    @router.post("/leases/{lease_id}/copied", status_code=204)
    async def copied(lease_id: Id, came: Annotated[tuple[Actor, str], Depends(reviewer)]) -> None:
        """Note that words of your task were copied out of the page."""
        await asyncio.to_thread(desk.copied, came[0], lease_id, sign_in_id=came[1])


def _standing(entrance: DeskEntrance, alias: str) -> shapes.StandingShape:
    desk = entrance.desk
    found, current = desk.progress(alias), desk.guidelines.current()
    compared, agreed = desk.quality.own(alias)
    return shapes.StandingShape(
        judged=found.judged,
        left=found.left,
        has_more=found.has_more,
        has_passed=found.has_passed,
        has_read=found.has_read,
        is_sheltered=found.is_sheltered,
        rests_until=found.rests_until,
        compared=compared,
        agreed=agreed,
        guidelines=current.version,
        sections=[section_shape(one) for one in current.sections],
        intents=list(entrance.intents()),
    )


def section_shape(section: Section) -> shapes.SectionShape:
    """A part of the guidelines as it is shown."""
    examples = [shapes.ExampleShape(words=words, does=does) for words, does in section.examples]
    return shapes.SectionShape(title=section.title, text=section.text, examples=examples)


def _lease(lease: Lease) -> shapes.LeaseShape:
    return shapes.LeaseShape(lease_id=lease.lease_id, pseudonym=lease.pseudonym, week=lease.week, ends_at=lease.ends_at)
