"""Reminders: of what, for whom, when; and what waits for somebody to say good night. `jobs/fire_alerts.py` tells them."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from earwitness.domain.alert import GOOD_NIGHT, Alert, AlertKind, OnEvent, Ring, RingState, Rule
from earwitness.domain.person import Person
from earwitness.domain.times import Frame
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.alerts import Alerts
from earwitness.skills.alert_choice import MADE_ID, choose, time_told
from earwitness.skills.alert_making import check_rings, without_filling
from earwitness.skills.alert_place import Where, check_place, here, rings_here, take_place
from earwitness.skills.alert_skill import AlertSkill, DeedOf
from earwitness.skills.interface import Context, HomeLink, Intent, Parts, Skill, UnfulfillableError, ask, refuse, slot_text
from earwitness.skills.keeping import Deed
from earwitness.skills.resolve import plain
from earwitness.skills.when import when_of
from earwitness.skills.wording import listed, sentence
from earwitness.understand.times import find

MOST_REMINDERS: Final = 200
LONGEST_TEXT: Final = 200
_AT_NIGHT: Final = re.compile(
    r"\b(?:(?P<each>every time|whenever|each time)|(?:the next time )?when|as soon as) (?:i|we) "
    r"(?:say good night|go to bed|go to sleep)\b"
    r"|\bat bedtime\b|\bbefore (?:i|we) go to bed\b",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"^(?:to|that|about|of)\s+", re.IGNORECASE)
_LINKED: Final = re.compile(r"\s(?=(?:to|that|about|of)\s)|^(?=(?:to|that|about|of)\s)", re.IGNORECASE)
_NAME_ENDS: Final = re.compile(r"\s(?:to|that|about|of|at|on|in|when|every|today|tonight|tomorrow|next)\b", re.IGNORECASE)
_MOST_NAME_WORDS: Final = 6
_MY: Final = ((re.compile(r"\bmy\b", re.IGNORECASE), "your"), (re.compile(r"\b(?:i am|i'm)\b", re.IGNORECASE), "you are"))


class ReminderSkill(AlertSkill):
    """Reminders of the home; `people` gives those who have an account."""

    kind = AlertKind.REMINDER

    def __init__(
        self,
        alerts: Alerts,
        *,
        home: HomeLink,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        people: Callable[[], Sequence[Person]],
    ) -> None:
        super().__init__(alerts, home=home, clock=clock, new_id=new_id)
        self._people = people

    def deeds(self) -> Mapping[str, DeedOf]:
        return {
            "SetReminder": self._set,
            "AcknowledgeReminder": self._acknowledge,
            "CancelReminder": self._cancel,
            "ListReminders": self._list,
            "GoodNight": self._good_night,
        }

    def _told_to(self, context: Context) -> list[Alert]:
        """Those that whoever speaks may hear of: their own, and everybody's."""
        return [one for one in self._all() if one.person_id in (None, context.person_id)]

    def _set(self, intent: Intent, context: Context) -> Deed:
        person_id, name, words = self._for_whom(intent, context)
        frame = self._frame()
        words, where = self._take_place(words, context=context, frame=frame)
        if at_night := _AT_NIGHT.search(words):
            rule: Rule = OnEvent(event=GOOD_NIGHT, is_once=at_night["each"] is None)
            told_when, rest = "when you say good night", f"{words[: at_night.start()]} {words[at_night.end() :]}"
        else:
            if not words and not slot_text(intent.slots, "text"):
                raise ask("Of what?", slot="text", intent=intent, context=context)
            when = when_of(intent, context=context, words=words, frame=frame, question="When?")
            rule, told_when, rest = when.rule, when.told, when.rest
        text = _in_second_person(without_filling(_LINK.sub("", " ".join(rest.split())))) or _LINK.sub(
            "", slot_text(intent.slots, "text")
        )
        if not text:
            raise ask("Of what?", slot="text", intent=intent, context=context)
        if len(text) > LONGEST_TEXT:
            raise refuse(f"A reminder has at most {LONGEST_TEXT} characters")
        if len(self._all()) >= MOST_REMINDERS:
            raise refuse(f"There are {MOST_REMINDERS} reminders already; cancel some first")
        reminder = Alert(
            alert_id=self._new_id(),
            kind=AlertKind.REMINDER,
            rule=rule,
            created_at=frame.now,
            text=text,
            person_id=person_id,
            area=where.area,
            device_id=context.device_id,
            place=where.place,
            must_acknowledge=True,
        )
        check_rings(reminder, frame=frame)
        undo = Intent(name="CancelReminder", slots={MADE_ID: reminder.alert_id})
        return Deed(reply=sentence(f"I remind {name}{where.told} {told_when}: {text}"), write=self._add(reminder), undo=undo)

    def _for_whom(self, intent: Intent, context: Context) -> tuple[str | None, str, str]:
        """Whom it is for: their id, what to call them, and the words without them."""
        everything = slot_text(intent.slots, "everything")
        if not everything:
            return context.person_id, "you", slot_text(intent.slots, "request")
        said = everything.split()
        if said[0].casefold() in ("everyone", "everybody", "all"):
            return None, "everyone", " ".join(said[1:])
        for count in range(min(len(said), _MOST_NAME_WORDS), 0, -1):
            for person in self._people():
                if plain(person.name) == plain(" ".join(said[:count])):
                    return person.person_id, person.name, " ".join(said[count:])
        name = _NAME_ENDS.split(everything, maxsplit=1)[0].split()
        raise refuse(f"I know nobody called {' '.join(name if len(name) <= _MOST_NAME_WORDS else name[:1])} in this home")

    def _take_place(self, words: str, *, context: Context, frame: Frame) -> tuple[str, Where]:
        """Where it rings is said before what it is of: "in the kitchen" after that may be a part of it."""
        home, linked = self._home.snapshot(), _LINKED.search(words)
        head, text = (words[: linked.start()], words[linked.start() :]) if linked else (words, "")
        left, where = take_place(head, home=home, context=context)
        when = find(left, frame=frame)
        rest = left if when is None else when.rest
        if linked is None and where.told and without_filling(rest):
            return words, here(context)
        if not where.told:
            check_place(rest, home=home)
        return f"{left} {text.strip()}".strip(), where

    def _acknowledge(self, intent: Intent, context: Context) -> Deed:
        """What rings here is done; else the one that rang here last and is to come again. Otherwise the words mean nothing."""
        alerts, rings = self._alerts.snapshot()
        mine = {one.alert_id: one for one in alerts if one.kind is AlertKind.REMINDER and _is_heard(one, context)}
        heard = [ring for ring in rings if ring.alert_id in mine and ring.sounded_at is not None]
        ringing = [ring for ring in heard if ring.state is RingState.RINGING]
        done = ringing or sorted((ring for ring in heard if ring.state is RingState.SNOOZED), key=_sounded)[-1:]
        if not done:
            reply = "Sorry, no reminder waits for that."
            raise UnfulfillableError(SkillResult(outcome=Outcome.NOT_UNDERSTOOD, reply=reply))
        return Deed(reply=sentence(f"done: {listed([mine[ring.alert_id].text for ring in done])}"), write=self._end(done))

    def _cancel(self, intent: Intent, context: Context) -> Deed:
        frame, which = self._frame(), _in_second_person(_LINK.sub("", slot_text(intent.slots, "which")))
        found = choose(which, alerts=self._told_to(context), frame=frame, noun="reminder", intent=intent, context=context)
        if len(found) == 1:
            reply = f"The reminder {time_told(found[0], frame=frame)} is cancelled: {found[0].text}."
        else:
            reply = f"All {len(found)} reminders are cancelled."
        return Deed(reply=reply, write=self._remove(found))

    def _list(self, intent: Intent, context: Context) -> Deed:
        return self._told(intent, self._told_to(context), has_texts=True)

    def _good_night(self, intent: Intent, context: Context) -> Deed:
        """Wishes a good night; what waited for that is due now."""
        waiting = [one for one in self._told_to(context) if isinstance(one.rule, OnEvent) and one.rule.event == GOOD_NIGHT]
        texts = [one.text for one in waiting if one.kind is AlertKind.REMINDER]
        reply = f"Good night. But first: {listed(texts)}." if texts else "Good night."

        def write() -> bool:
            self._alerts.happened(GOOD_NIGHT, now=self._clock())
            return True

        return Deed(reply=reply, write=write)


def _is_heard(reminder: Alert, context: Context) -> bool:
    """Whether it is for whoever speaks, or, as far as that is not known or it is for everyone, rings where they speak."""
    if context.person_id is not None and reminder.person_id is not None:
        return reminder.person_id == context.person_id
    return rings_here(reminder, context)


def _sounded(ring: Ring) -> datetime:
    return max(ring.rings_at, ring.due_at)


def _in_second_person(text: str) -> str:
    """ "call my mother" as it is told: "call your mother"."""
    for pattern, word in _MY:
        text = pattern.sub(word, text)
    return text


def make(parts: Parts) -> Skill:
    inside = parts.inside
    return ReminderSkill(inside.alerts, home=parts.home, clock=parts.clock, new_id=inside.new_id, people=inside.people)
