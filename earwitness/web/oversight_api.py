"""The API of oversight: terms by two, emergencies, what was flagged, conduct, who listened. It translates; `oversight` decides.

Nothing of what is opened here is kept by whoever asks, and there is no route that gives more than one recording.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from earwitness.domain.account import Permission
from earwitness.domain.audio import RATE_HZ
from earwitness.domain.oversight import BreakGlass, Escalation, GlassState, Proposal, ProposalState, Subject, Suspension
from earwitness.domain.person import Person
from earwitness.oversight.oversight import Oversight
from earwitness.oversight.seen import Day
from earwitness.review.sample import epoch_of
from earwitness.speech.audio_file import wav_header
from earwitness.vault.audio_read import AudioRead
from earwitness.web import oversight_shapes as shapes
from earwitness.web.drawn_api import words_shape
from earwitness.web.errors_told import told
from earwitness.web.review_shapes import WordsShape
from earwitness.web.signed_in import Me
from earwitness.web.streaming import PulledResponse

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Epoch = Annotated[str, Path(pattern="^2[0-9]{3}-[0-9]{2}-[0-9]{2}$")]
MOST_ROWS: Final = 500
NOT_KEPT: Final = {"cache-control": "no-store"}
_WAV: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"audio/wav": {}}}}


def oversight_router(oversight: Oversight) -> APIRouter:
    """The routes under /api/v1/oversight and /api/v1/me/break-glass."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_seeing(router, oversight)
    _add_terms(router, oversight)
    _add_emergencies(router, oversight)
    _add_opening(router, oversight)
    _add_flagged(router, oversight)
    return router


def _add_seeing(router: APIRouter, oversight: Oversight) -> None:
    @router.get("/oversight")
    async def every(person: Me) -> shapes.OversightShape:
        """What you may see of oversight, and what waits for you."""
        return await asyncio.to_thread(_everything, oversight, person)

    @router.post("/oversight/days/{epoch}/audit")
    async def audit(epoch: Epoch, person: Me) -> shapes.AuditShape:
        """Recompute one day's draw from the ledger."""
        return shapes.AuditShape(epoch=epoch, audit=await asyncio.to_thread(oversight.seen.audited, epoch))

    @router.post("/oversight/suspensions/{alert_id}/acknowledgement")
    async def acknowledge(alert_id: Id, given: shapes.Note, person: Me) -> shapes.SuspensionShape:
        """Note that you have seen to a suspension, and what you did."""
        return _suspension(await asyncio.to_thread(oversight.acknowledge, person, alert_id, note=given.note))


def _add_terms(router: APIRouter, oversight: Oversight) -> None:
    @router.post("/oversight/proposals", status_code=201)
    async def propose(given: shapes.Proposing, person: Me) -> shapes.ProposalShape:
        """Propose terms. Nothing changes until somebody else approves them, and then from the next day on."""
        made = await asyncio.to_thread(lambda: oversight.propose(person, given.subject, given.values, reason=given.reason))
        return _proposal(made, person)

    @router.post("/oversight/proposals/{proposal_id}/decision")
    async def decide(proposal_id: Id, given: shapes.Deciding, person: Me) -> shapes.ProposalShape:
        """Approve or refuse what somebody else proposed."""
        done = await asyncio.to_thread(
            lambda: oversight.decide(person, proposal_id, is_approved=given.approves, reason=given.reason)
        )
        return _proposal(done, person)

    @router.delete("/oversight/proposals/{proposal_id}")
    async def withdraw(proposal_id: Id, person: Me) -> shapes.ProposalShape:
        """Take back what you proposed."""
        return _proposal(await asyncio.to_thread(oversight.proposals.withdraw, person, proposal_id), person)


def _add_emergencies(router: APIRouter, oversight: Oversight) -> None:
    @router.post("/oversight/emergencies", status_code=201)
    async def ask(given: shapes.Asking, person: Me) -> shapes.GlassShape:
        """Ask to open one recording or one person's. Two others decide; once they do, whose they are is told."""
        lasts = timedelta(hours=given.hours)
        made = await asyncio.to_thread(
            lambda: oversight.ask(person, reason=given.reason, turn_id=given.recording, name=given.person, lasts=lasts)
        )
        return _glass(made, person)

    @router.post("/oversight/emergencies/{glass_id}/decision")
    async def answer(glass_id: Id, given: shapes.Answering, person: Me) -> shapes.GlassShape:
        """Approve or refuse what somebody else asked for. The second approval opens it."""
        done = await asyncio.to_thread(lambda: oversight.answer(person, glass_id, is_approved=given.approves))
        return _glass(done, person)

    @router.post("/oversight/emergencies/{glass_id}/end")
    async def end(glass_id: Id, given: shapes.Ending, person: Me) -> shapes.GlassShape:
        """Say what came of your emergency, which is over by that."""
        done = await asyncio.to_thread(lambda: oversight.glasses.end(person, glass_id, outcome=given.outcome, note=given.note))
        return _glass(done, person)

    @router.get("/me/break-glass")
    async def about_me(person: Me) -> shapes.AboutMeShape:
        """Every emergency in which your recordings could be opened: who, why, until when, who allowed it, what came of it."""
        found = await asyncio.to_thread(oversight.glasses.of, person.person_id)
        return shapes.AboutMeShape(emergencies=[_glass(one, person) for one in found])


def _add_opening(router: APIRouter, oversight: Oversight) -> None:
    glasses = oversight.glasses

    @router.get("/oversight/emergencies/{glass_id}/recordings")
    async def covered(glass_id: Id, person: Me) -> list[shapes.KeptShape]:
        """What your emergency lets you open now; nothing is opened by asking."""
        found = await asyncio.to_thread(glasses.covered, person, glass_id)
        return [shapes.KeptShape(turn_id=one.turn_id, began_at=one.began_at, seconds=one.seconds) for one in found]

    @router.post("/oversight/emergencies/{glass_id}/recordings/{turn_id}/words")
    async def words(glass_id: Id, turn_id: Id, person: Me, response: Response) -> shapes.OpenedShape:
        """Open the words of one recording: on record, and told to whose they are."""
        response.headers.update(NOT_KEPT)
        found = await asyncio.to_thread(glasses.words, person, glass_id, turn_id)
        intent = found.turn.intent
        return shapes.OpenedShape(
            transcript=found.turn.transcript,
            began_at=found.began_at,
            intent=intent.name if intent else None,
            reply=found.turn.reply,
        )

    @router.post("/oversight/emergencies/{glass_id}/recordings/{turn_id}/sound", response_class=Response, responses=_WAV)
    async def sound(glass_id: Id, turn_id: Id, person: Me) -> Response:
        """Open the sound of one recording, as a WAV file: on record, and told to whose it is."""
        opened = await asyncio.to_thread(glasses.sound, person, glass_id, turn_id)
        header = wav_header(opened.data_bytes, rate_hz=RATE_HZ)
        answer = PulledResponse(_wav(header, opened), close=opened.close, media_type="audio/wav", headers=NOT_KEPT)
        return await answer.begun()


def _add_flagged(router: APIRouter, oversight: Oversight) -> None:
    @router.post("/oversight/flagged/{escalation_id}/words")
    async def words(escalation_id: Id, person: Me, response: Response) -> WordsShape:
        """Read what was flagged, blanked out: on record, and told to whose it is."""
        response.headers.update(NOT_KEPT)
        return words_shape(await asyncio.to_thread(oversight.read_flagged, person, escalation_id))

    @router.put("/oversight/flagged/{escalation_id}/opinion")
    async def judge(escalation_id: Id, given: shapes.OpinionGiven, person: Me) -> shapes.EscalationShape:
        """Say what you would do; it is done once two people say the same. Nothing is sent anywhere."""
        done = await asyncio.to_thread(oversight.judge_flagged, person, escalation_id, given.outcome)
        return _escalation(done, person, oversight)


def _wav(header: bytes, opened: AudioRead) -> Iterator[bytes]:
    for chunk in opened:
        yield header + chunk
        header = b""


def _everything(oversight: Oversight, person: Person) -> shapes.OversightShape:
    may_approve, oversees = person.may(Permission.APPROVE), person.may(Permission.OVERSEE)
    sees_terms = may_approve or oversees
    flagged = oversight.may_decide_flagged(person)
    return shapes.OversightShape(
        terms=_terms(oversight, person) if sees_terms else None,
        emergencies=[_glass(one, person) for one in oversight.glasses.all()] if sees_terms else None,
        may_ask=oversees,
        flagged=[_escalation(one, person, oversight) for one in oversight.escalations.all()] if flagged else None,
        suspensions=[_suspension(one) for one in oversight.suspensions(person)] if oversees else None,
        listens=[_row(one) for one in oversight.seen.listens()[:MOST_ROWS]] if oversees else None,
        days=[_day(one, oversight) for one in oversight.seen.days()[:MOST_ROWS]] if oversees else None,
    )


def _terms(oversight: Oversight, person: Person) -> shapes.TermsShape:
    today = epoch_of(oversight.clock())
    return shapes.TermsShape(
        in_force={subject: oversight.in_force.values(subject, today) for subject in Subject},
        proposals=[_proposal(one, person) for one in oversight.proposals.all()],
        may_propose=oversight.may_propose(person),
        may_approve=person.may(Permission.APPROVE),
    )


def _proposal(one: Proposal, person: Person) -> shapes.ProposalShape:
    is_mine = one.by == person.alias
    may_decide = person.may(Permission.APPROVE) and not is_mine and one.state is ProposalState.PROPOSED
    return shapes.ProposalShape(
        proposal_id=one.proposal_id,
        subject=one.subject,
        values=dict(one.values),
        state=one.state,
        by=one.by,
        at=one.at,
        reason=one.reason,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        decision_reason=one.decision_reason,
        from_epoch=one.from_epoch,
        position=one.position,
        may_decide=may_decide,
        is_mine=is_mine,
    )


def _glass(one: BreakGlass, person: Person) -> shapes.GlassShape:
    is_mine = one.by_id == person.person_id
    is_other = not is_mine and one.person_id != person.person_id and person.alias not in one.approved_by
    return shapes.GlassShape(
        glass_id=one.glass_id,
        state=one.state,
        about="recording" if one.turn_id else "person",
        recording=one.turn_id,
        by=one.by,
        asked_at=one.asked_at,
        seconds=one.seconds,
        reason=one.reason,
        approved_by=list(one.approved_by),
        granted_at=one.granted_at,
        until=one.until,
        ended_at=one.ended_at,
        outcome=one.outcome,
        note=one.note,
        may_decide=person.may(Permission.APPROVE) and is_other and one.state is GlassState.ASKED,
        is_mine=is_mine,
    )


def _escalation(one: Escalation, person: Person, oversight: Oversight) -> shapes.EscalationShape:
    return shapes.EscalationShape(
        escalation_id=one.escalation_id,
        opened_at=one.opened_at,
        due_at=one.due_at,
        is_overdue=one.is_overdue(oversight.clock()),
        flagged_by=one.flagged_by,
        outcome=one.outcome,
        closed_at=one.closed_at,
        opinions=[shapes.OpinionShape(by=view.by, outcome=view.outcome) for view in one.opinions],
        has_read=any(view.by == person.alias for view in one.opinions),
    )


def _suspension(one: Suspension) -> shapes.SuspensionShape:
    return shapes.SuspensionShape(
        alert_id=one.alert_id,
        reviewer=one.reviewer,
        reason=one.reason,
        since=one.since,
        restored_at=one.restored_at,
        acknowledged_by=one.acknowledged_by,
        acknowledged_at=one.acknowledged_at,
        note=one.note,
    )


def _row(one: object) -> shapes.ListensRow:
    return shapes.ListensRow.model_validate(one, from_attributes=True)


def _day(one: Day, oversight: Oversight) -> shapes.DayShape:
    return shapes.DayShape(
        epoch=one.epoch,
        rate_percent=one.rate_millionths / 10_000,
        able=one.able,
        drawn=one.drawn,
        ended=one.ended,
        audit=oversight.seen.audit_known(one.epoch),
    )
