"""Privacy by voice: what is kept, for whom it may be used, what is deleted, who listened.

Owns which right a sentence exercises and what is said of it. It keeps, reads and deletes nothing itself: behind `Rights` stands
what does. Everything asked for is done for the person who speaks, and for nobody when that is not known.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earwitness.domain.account import Scope
from earwitness.domain.confirmation import Act, Confirmation, Speaker
from earwitness.domain.consent import (
    LONGEST_SECONDS,
    PERIODS,
    SHORTEST_SECONDS,
    USUAL_PERIOD,
    Keeping,
    Keeps,
    Purpose,
    Way,
    parse_period,
)
from earwitness.domain.errors import AccessError, EarwitnessError, VaultError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.recording import Selection
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.people.consent_texts import current_text
from earwitness.skills.confirming import confirmation, speaker
from earwitness.skills.interface import Parts, Skill, UnfulfillableError, ask, refuse, slot_text
from earwitness.skills.privacy_words import (
    PURPOSES,
    WITHDRAWN,
    held_back,
    kept_how,
    period_limits,
    span_of,
    told_kept,
    told_listens,
)
from earwitness.skills.rights_port import Rights
from earwitness.skills.wording import amount

OFF_RECORD: Final = frozenset({"DeleteRecordings", "StopKeeping", "AskHeard"})
"""Intents whose turns are never kept: who deletes wants no trace of it, and words that are repeated must not outlive theirs."""
READS: Final = frozenset({"AskKept", "AskListens", "AskHeard"})
"""Intents that only tell; a program needs the scope `history` for them, and may decide and delete nothing at all."""
EVERYTHING: Final = Selection(is_all=True)

UNKNOWN_SPEAKER: Final = "I do not know who is speaking, so I keep nothing and can delete nothing. Sign in on the page first."
NOT_SET_UP: Final = "This house keeps nothing of what anybody says, so there is nothing to allow, to delete or to tell."
NOT_FOR_TOKENS: Final = "A program may decide or delete nothing of yours. Say that yourself, or do it on the privacy page."
NO_HISTORY: Final = "This program may not know what is kept of you; its token has no history in it."
NOT_BY_VOICE: Final = "Here, everything is not deleted by voice. You can always do it on your privacy page."
NOTHING_DELETED: Final = "Nothing was deleted."
NOT_ALSO_DELETED: Final = "I leave what I have; each recording goes when its time is up."
NOTHING_HEARD: Final = "Nothing is kept, so I do not know."
NOTED_ONLY: Final = "I have noted that, but for now nothing is kept; your privacy page says why."
STOPPED: Final = "From now on I keep nothing of what you say."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A sentence of a known person."""

    intent: Intent
    context: Context
    person_id: str
    rights: Rights

    @property
    def is_sure(self) -> bool | None:
        """The answer to the question whether to delete; None while it was not asked."""
        answer = self.intent.slots.get("is_sure")
        return None if answer is None else answer is True


class PrivacySkill:
    """Does what the person who speaks wants with their recordings; `clock` (aware) says what "today" is."""

    def __init__(
        self, rights: Rights | None, *, clock: Callable[[], datetime], refuses: Callable[[Context], bool] = lambda context: False
    ) -> None:
        """Without `rights` nothing can be kept, and everything is refused with a sentence that says so. `refuses` says whether
        the household wants nobody like the one who speaks to delete everything by voice; the page lets everybody."""
        self._rights = rights
        self._refuses = refuses
        self._clock = clock
        self._deeds: dict[str, Callable[[_Wish], SkillResult]] = {
            "KeepRecordings": _keep,
            "StopKeeping": _stop,
            "GiveConsent": _agree,
            "WithdrawConsent": _withdraw,
            "DeleteRecordings": self._delete,
            "AskKept": self._tell_kept,
            "AskListens": self._tell_listens,
            "AskHeard": _tell_heard,
        }

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """The reply where it does not hang on what is on the disk; reads nothing. Raises UnfulfillableError."""
        if self._rights is None:
            return NOT_SET_UP
        if context.person_id is None:
            return UNKNOWN_SPEAKER
        if refusal := _token_refusal(intent, context):
            return refusal
        wish = _Wish(intent=intent, context=context, person_id=context.person_id, rights=self._rights)
        match intent.name, wish.is_sure:
            case "KeepRecordings", _:
                keeps, seconds = _keeps_asked(intent), _seconds_asked(intent)
                return kept_how(Keeping(keeps=keeps, retention_seconds=seconds)) if keeps and seconds else None
            case "WithdrawConsent", _:
                return WITHDRAWN[_purpose_asked(intent)]
            case "GiveConsent", _:
                return _agreed(Purpose.IDENTIFY) if _purpose_asked(intent) is Purpose.IDENTIFY else None
            case "StopKeeping", False:
                return NOT_ALSO_DELETED
            case "DeleteRecordings", False if _is_everything(intent):
                return NOTHING_DELETED
            case _:
                return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Do it off the event loop; what takes back or repeats words is off the record, whatever comes of it."""
        return replace(await self._perform(intent, context), is_off_record=intent.name in OFF_RECORD)

    async def _perform(self, intent: Intent, context: Context) -> SkillResult:
        if self._rights is None:
            return SkillResult(outcome=Outcome.REFUSED, reply=NOT_SET_UP)
        if context.person_id is None:
            return SkillResult(outcome=Outcome.REFUSED, reply=UNKNOWN_SPEAKER)
        if refusal := _token_refusal(intent, context):
            return SkillResult(outcome=Outcome.REFUSED, reply=refusal)
        wish = _Wish(intent=intent, context=context, person_id=context.person_id, rights=self._rights)
        try:
            return await asyncio.to_thread(self._deeds[intent.name], wish)
        except UnfulfillableError as stopped:
            return stopped.result
        except AccessError as error:
            return SkillResult(outcome=Outcome.REFUSED, reply=error.sentence)
        except EarwitnessError as error:
            return SkillResult(outcome=Outcome.FAILED, reply=error.sentence)

    def _delete(self, wish: _Wish) -> SkillResult:
        if _is_everything(wish.intent):
            if self._refuses(wish.context):
                return SkillResult(outcome=Outcome.REFUSED, reply=NOT_BY_VOICE)
            return _delete_everything(wish)
        if slot_text(wish.intent.slots, "scope") == "last turn":
            return _delete_last_turn(wish)
        span = span_of(wish.intent, self._clock())
        if span is None:
            raise refuse("I did not understand which recordings you mean")
        count, held = _erase(wish, span.selection)
        if not count:
            return _answered(f"I keep nothing of you {span.source}, so there was nothing to delete.")
        return _done(f"Deleted {amount(count, 'recording')} {span.source}.{held}")

    def _tell_kept(self, wish: _Wish) -> SkillResult:
        kept, keeping = wish.rights.kept(wish.person_id, EVERYTHING), wish.rights.keeping(wish.person_id)
        agreed = [purpose for purpose in PURPOSES.values() if wish.rights.has_consent(wish.person_id, purpose)]
        asked_for = wish.rights.asked_for(wish.person_id)
        return _answered(told_kept(kept, keeping, agreed=agreed, asked_for=asked_for, now=self._clock()))

    def _tell_listens(self, wish: _Wish) -> SkillResult:
        span = span_of(wish.intent, self._clock())
        reads = wish.rights.listens(wish.person_id, since=None if span is None else span.since)
        return _answered(told_listens(reads, span))


def _token_refusal(intent: Intent, context: Context) -> str:
    """Why a program may not that, as the API would not let it either; empty for a person."""
    if intent.name not in READS:
        return "" if context.scopes is None else NOT_FOR_TOKENS
    return "" if context.may(Scope.HISTORY) else NO_HISTORY


def _keep(wish: _Wish) -> SkillResult:
    """What was not said stays as it is; at first that is the sound too, for the usual period."""
    keeps, seconds = _keeps_asked(wish.intent), _seconds_asked(wish.intent)
    before = wish.rights.keeping(wish.person_id)
    wish.rights.decide(
        wish.person_id,
        Purpose.KEEP,
        is_given=True,
        way=Way.VOICE,
        retention_seconds=seconds or (before.retention_seconds if before else PERIODS[USUAL_PERIOD]),
        keeps=keeps or (before.keeps if before else Keeps.AUDIO),
    )
    after = wish.rights.keeping(wish.person_id)
    return _done(kept_how(after) if after else NOTED_ONLY)


def _stop(wish: _Wish) -> SkillResult:
    """Stop at once; only then ask about what is there."""
    if wish.is_sure is False:
        return _cancelled(NOT_ALSO_DELETED)
    if wish.is_sure:
        return _done(_all_gone(_erase(wish, EVERYTHING)))
    wish.rights.decide(wish.person_id, Purpose.KEEP, is_given=False, way=Way.VOICE)
    try:
        count = wish.rights.kept(wish.person_id, EVERYTHING).recordings
    except EarwitnessError as error:
        return _done(f"{STOPPED} I could not look up what is there, though: {error.sentence}")
    if not count:
        return _done(STOPPED)
    what = "recording" if count == 1 else f"{count} recordings"
    question = f"{STOPPED} Shall I also delete the {what} that I have?"
    raise ask(question, slot="is_sure", intent=wish.intent, context=wish.context)


def _agree(wish: _Wish) -> SkillResult:
    purpose = _purpose_asked(wish.intent)
    wish.rights.decide(wish.person_id, purpose, is_given=True, way=Way.VOICE)
    if purpose is Purpose.IDENTIFY or wish.rights.kept(wish.person_id, EVERYTHING).recordings:
        return _done(_agreed(purpose))
    return _done(f"{_agreed(purpose)} So far there are no recordings of you.")


def _withdraw(wish: _Wish) -> SkillResult:
    purpose = _purpose_asked(wish.intent)
    wish.rights.decide(wish.person_id, purpose, is_given=False, way=Way.VOICE)
    return _done(WITHDRAWN[purpose])


def _delete_last_turn(wish: _Wish) -> SkillResult:
    turn_id = wish.rights.last_turn_id(wish.person_id)
    count, held = (0, "") if turn_id is None else _erase(wish, Selection(turn_ids=(turn_id,)))
    if not count:
        return _answered("What you said last is not kept, so there was nothing to delete.")
    return _done(f"Deleted what you said last.{held}")


def _delete_everything(wish: _Wish) -> SkillResult:
    """Ask first: it is for ever."""
    if wish.is_sure is False:
        return _cancelled(NOTHING_DELETED)
    if wish.is_sure:
        gone = _all_gone(_erase(wish, EVERYTHING))
        keeping = wish.rights.keeping(wish.person_id)
        return _done(f"{gone} {kept_how(keeping)}" if keeping else gone)
    count = wish.rights.kept(wish.person_id, EVERYTHING).recordings
    if not count:
        return _answered("I have no recordings of you, so there is nothing to delete.")
    question = f"That deletes {amount(count, 'recording')} for ever. Are you sure?"
    raise ask(question, slot="is_sure", intent=wish.intent, context=wish.context)


def _tell_heard(wish: _Wish) -> SkillResult:
    words = (wish.rights.last_heard(wish.person_id) or "").strip().rstrip(".")
    return _answered(f'I heard: "{words}".' if words else NOTHING_HEARD)


def _erase(wish: _Wish, selection: Selection) -> tuple[int, str]:
    """How many recordings are gone, 0 if there were none; and what is to be said of those that a legal demand holds."""
    try:
        erasure = wish.rights.erase_said(wish.person_id, selection)
    except VaultError as error:
        if error.code == "vault.nothing":
            return 0, ""
        raise
    return erasure.recordings + erasure.held, held_back(erasure)


def _all_gone(erased: tuple[int, str]) -> str:
    count, held = erased
    if not count:
        return "There was nothing left to delete."
    return f"{'Your one recording is deleted.' if count == 1 else f'All {count} recordings are deleted.'}{held}"


def _agreed(purpose: Purpose) -> str:
    return current_text(purpose).spoken


def _is_everything(intent: Intent) -> bool:
    return slot_text(intent.slots, "scope") == "all"


def _keeps_asked(intent: Intent) -> Keeps | None:
    """What is to be kept, if that was said."""
    return next((keeps for keeps in Keeps if keeps.value == intent.slots.get("keeps")), None)


def _seconds_asked(intent: Intent) -> float | None:
    """How long to keep, if that was said. Raises UnfulfillableError for no period or one that cannot be had."""
    said = slot_text(intent.slots, "period")
    if not said:
        return None
    seconds = parse_period(said)
    if seconds is None or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise refuse(period_limits())
    return seconds


def _purpose_asked(intent: Intent) -> Purpose:
    """Raises UnfulfillableError for a purpose that has no sentence."""
    purpose = PURPOSES.get(slot_text(intent.slots, "purpose"))
    if purpose is None:
        raise refuse("I did not understand what you mean to agree to or to take back")
    return purpose


def _done(reply: str) -> SkillResult:
    return SkillResult(outcome=Outcome.DONE, reply=reply)


def _answered(reply: str) -> SkillResult:
    return SkillResult(outcome=Outcome.ANSWERED, reply=reply)


def _cancelled(reply: str) -> SkillResult:
    return SkillResult(outcome=Outcome.CANCELLED, reply=reply)


def make(parts: Parts) -> Skill:
    inside = parts.inside

    def refuses(context: Context) -> bool:
        """Whoever is nobody here is told so elsewhere."""
        is_refused = confirmation(inside, act=Act.DELETE_EVERYTHING, context=context) is Confirmation.REFUSE
        return is_refused and speaker(inside, context) is not Speaker.UNKNOWN

    return PrivacySkill(inside.rights, clock=parts.clock, refuses=refuses)
