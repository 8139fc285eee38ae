"""Asks before what is risky: whether, and in which words, by the household's policy. Carries nothing out and keeps nothing."""

from dataclasses import replace

from earwitness.domain.confirmation import Act, Confirmation, Speaker, speaker_of
from earwitness.domain.intent import Context, Intent
from earwitness.skills.inside import Inside
from earwitness.skills.interface import UnfulfillableError, ask, refuse
from earwitness.skills.routine_running import said_by
from earwitness.understand.learned.risk import GUESSED

SLOT = "confirmed"
LEFT = "All right, I leave it"
_HARMLESS = frozenset((Act.LIGHT, Act.CLIMATE, Act.MUSIC))
"""What is done at once even if the request was only guessed."""
_REFUSED = {
    Speaker.CHILD: "I am sorry, a grown-up has to do that",
    Speaker.GUEST: "I am sorry, guests cannot do that here",
    Speaker.UNKNOWN: "I am sorry, I only do that for somebody whom I know. Sign in on the page first",
}


def confirm(
    inside: Inside,
    *,
    act: Act,
    intent: Intent,
    context: Context,
    question: str,
    read_back: str = "",
    device_id: str | None = None,
) -> None:
    """Return if it may be done now; call it before anything is done, and in `foresee` too.

    What was only guessed is asked about, whatever the policy says. Raises UnfulfillableError: a polite refusal; the question,
    which comes back as `intent` with the slot "confirmed"; or that it is left, after a no. `question` asks whether ("Unlock
    the front door?"), `read_back` says all of it ('To Mum: "Hi". Send?').
    """
    match confirmation(inside, act=act, context=context, device_id=device_id):
        case Confirmation.NONE if GUESSED not in intent.slots or act in _HARMLESS:
            return
        case Confirmation.REFUSE:
            raise _refusal(inside, context)
        case Confirmation.NONE | Confirmation.READ_BACK | Confirmation.ASK as chosen:
            words = read_back if chosen is not Confirmation.ASK and read_back else question
            if not is_confirmed(intent):
                raise ask(words, slot=SLOT, intent=intent, context=context)


def is_asked(inside: Inside, *, act: Act, context: Context, device_id: str | None = None) -> bool:
    """Whether it has to be asked about first. Raises UnfulfillableError: a polite refusal."""
    chosen = confirmation(inside, act=act, context=context, device_id=device_id)
    if chosen is Confirmation.REFUSE:
        raise _refusal(inside, context)
    return chosen is not Confirmation.NONE


def is_confirmed(intent: Intent) -> bool:
    """Whether the answer was yes; false before there was one. Raises UnfulfillableError after a no: it is left."""
    answer = intent.slots.get(SLOT)
    if answer not in (None, True):
        raise refuse(LEFT)
    return answer is True


def _refusal(inside: Inside, context: Context) -> UnfulfillableError:
    return refuse(_REFUSED.get(speaker(inside, said_by() or context), "I am sorry, you may not do that here"))


def confirmation(inside: Inside, *, act: Act, context: Context, device_id: str | None = None) -> Confirmation:
    """What the policy says of an act by whoever speaks, and of whoever began the routine that it is in. Raises StorageError."""
    began = said_by()
    if began is not None and _decided(inside, act, began, device_id=device_id) is Confirmation.REFUSE:
        return Confirmation.REFUSE
    return _decided(inside, act, context, device_id=device_id)


def _decided(inside: Inside, act: Act, context: Context, *, device_id: str | None) -> Confirmation:
    who = speaker(inside, context)
    return inside.policy().decide(act, who, device_id=device_id, person_id=context.person_id)


def speaker(inside: Inside, context: Context) -> Speaker:
    """In what capacity somebody speaks; a program with a token counts as its person."""
    person = next((one for one in inside.people() if one.person_id == context.person_id), None) if context.person_id else None
    return speaker_of(person)


def with_slots(intent: Intent, **values: str | int | float | bool) -> Intent:
    """The intent with what was resolved in its slots, so that an answer does not resolve it anew."""
    return replace(intent, slots={**intent.slots, **values})
