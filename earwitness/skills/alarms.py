"""Alarms: set, change, switch, skip, cancel, tell, snooze, and with which sound they ring. `jobs/fire_alerts.py` rings them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from earwitness.domain.alert import SNOOZE_SECONDS, Alert, AlertKind, AtWallTime, Place, Recurring, RingState
from earwitness.domain.ring_sound import TONE
from earwitness.domain.satellite import Station
from earwitness.domain.times import Frame
from earwitness.links.alerts import Alerts
from earwitness.ringing.shelf import RingSounds, SoundChoice
from earwitness.skills.alarm_sounds import chosen, take_sound, told_manner, told_plain
from earwitness.skills.alarm_switching import awake
from earwitness.skills.alert_choice import MADE_ID, choose, time_told
from earwitness.skills.alert_making import check_rings, spoken_request, wall_time, without_filling
from earwitness.skills.alert_place import Where, check_place, place_alone, rings_here, take_place
from earwitness.skills.alert_skill import AlertSkill, DeedOf
from earwitness.skills.inside import Customs, Satellites
from earwitness.skills.interface import Context, HomeLink, Intent, Parts, Skill, SkillResult, refuse, slot_text
from earwitness.skills.keeping import Deed
from earwitness.skills.when import when_of
from earwitness.skills.wording import amount, sentence

MOST_ALARMS: Final = 50
_STOPPED: Final = "Okay."


class AlarmSkill(AlertSkill):
    """Alarms of the whole home; each rings where it was said, or else in the room or at the device it was set from."""

    kind = AlertKind.ALARM

    def __init__(
        self,
        alerts: Alerts,
        *,
        home: HomeLink,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        sounds: RingSounds | None = None,
        satellites: Satellites | None = None,
        customs: Customs | None = None,
    ) -> None:
        super().__init__(alerts, home=home, clock=clock, new_id=new_id)
        self._sounds = sounds
        self._satellites = satellites
        self._customs = customs

    def deeds(self) -> Mapping[str, DeedOf]:
        return {
            "SetAlarm": self._set,
            "ChangeAlarm": self._change,
            "ChangeAlarmSound": self._change_sound,
            "ChooseUsualSound": self._choose_usual,
            "TellUsualSound": self._tell_usual,
            "CancelAlarm": self._cancel,
            "TurnOffAlarm": self._turn_off,
            "TurnOnAlarm": self._turn_on,
            "SkipAlarm": self._skip,
            "ListAlarms": self._list,
            "Snooze": self._snooze,
        }

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """A folder of music is looked through: off the event loop."""
        deed = await asyncio.to_thread(self.worked_out, intent, context)
        return await self.done(deed)

    def _set(self, intent: Intent, context: Context) -> Deed:
        frame, home = self._frame(), self._home.snapshot()
        words, where = take_place(slot_text(intent.slots, "request"), home=home, context=context)
        words, name, is_soft = spoken_request(words)
        words, said = take_sound(words, sounds=self._sounds, frame=frame)
        name = slot_text(intent.slots, "name") or name
        choice = chosen(said, sounds=self._sounds, intent=intent, context=context) if said else self._usual()
        when = when_of(intent, context=context, words=words, frame=frame, question="For when?")
        check_place(when.rest, home=home)
        if len(self._kept()) >= MOST_ALARMS:
            raise refuse(f"There are {MOST_ALARMS} alarms already; cancel one first")
        alarm = Alert(
            alert_id=self._new_id(),
            kind=AlertKind.ALARM,
            rule=when.rule,
            created_at=frame.now,
            name=name or without_filling(when.rest),
            person_id=context.person_id,
            area=where.area,
            device_id=context.device_id,
            place=where.place,
            sound=TONE if choice is None else choice.reference,
            is_rising=is_soft,
        )
        check_rings(alarm, frame=frame)
        called = f"{alarm.name} alarm" if alarm.name else "alarm"
        manner = told_manner(choice, is_soft=is_soft)
        reply = sentence(f"{called} set{where.told} for {when.told}{',' if manner.startswith(' ') else ''}{manner}")
        undo = Intent(name="CancelAlarm", slots={MADE_ID: alarm.alert_id})
        return Deed(reply=reply + told_plain(self._plain([alarm])), write=self._add(alarm), undo=undo)

    def _plain(self, alarms: list[Alert]) -> tuple[Station, ...]:
        """The satellites that will not ring as these alarms are to."""
        found: dict[str, Station] = {}
        for alarm in alarms:
            if self._satellites is not None and (alarm.sound != TONE or alarm.is_rising):
                area = alarm.area if alarm.place is Place.ROOM else None
                device_id = alarm.device_id if alarm.place is Place.DEVICE else None
                found |= {one.device_id: one for one in self._satellites.rings_plainly(area=area, device_id=device_id)}
        return tuple(found.values())

    def _usual(self) -> SoundChoice | None:
        return self._sounds.usual() if self._sounds is not None else None

    def _choose_usual(self, intent: Intent, context: Context) -> Deed:
        """Of alarms that are set from now on."""
        customs, said = self._customs, without_filling(slot_text(intent.slots, "request"))
        choice = chosen(said, sounds=self._sounds, intent=intent, context=context)
        if customs is None:
            raise refuse("This house has no usual sound of its own for alarms")

        def write() -> bool:
            customs.choose_alarm_sound(choice.reference)
            return True

        manner = told_manner(choice, is_soft=False) or " with the usual tone"
        return Deed(reply=f"New alarms ring{manner} from now on; those that are set stay as they are.", write=write)

    def _tell_usual(self, intent: Intent, context: Context) -> Deed:
        return Deed(reply=f"New alarms ring{told_manner(self._usual(), is_soft=False) or ' with the usual tone'}.")

    def _change_sound(self, intent: Intent, context: Context) -> Deed:
        """Of the alarm that is meant, or of all of them."""
        frame = self._frame()
        where = place_alone(slot_text(intent.slots, "request"), home=self._home.snapshot(), context=context)
        if where is not None:
            return self._move(where, intent=intent, context=context)
        words, _, is_soft = spoken_request(slot_text(intent.slots, "request"))
        said = without_filling(words.removeprefix("with "))
        choice = chosen(said, sounds=self._sounds, intent=intent, context=context) if said else None
        if choice is None and not is_soft:
            raise refuse("Say with which sound")
        which = slot_text(intent.slots, "which") or "all"
        alarms = choose(which, alerts=self._all(), frame=frame, noun="alarm", intent=intent, context=context)
        after = [
            replace(one, sound=one.sound if choice is None else choice.reference, is_rising=is_soft or one.is_rising)
            for one in alarms
        ]
        manner = told_manner(choice, is_soft=is_soft) or " with the usual tone"
        if len(alarms) == 1:
            reply = f"The alarm for {time_told(alarms[0], frame=frame)} rings{manner.removeprefix(',')} now."
        else:
            reply = f"All {len(alarms)} alarms ring{manner.removeprefix(',')} now."

        def write() -> bool:
            changed = [self._alerts.change(one, after=new) is not None for one, new in zip(alarms, after, strict=True)]
            return all(changed)

        return Deed(reply=reply + told_plain(self._plain(after)), write=write)

    def _move(self, where: Where, *, intent: Intent, context: Context) -> Deed:
        """To where it rings from now on."""
        frame = self._frame()
        (alarm,) = self._one(intent, context, frame)
        device_id = context.device_id if where.place is Place.DEVICE else alarm.device_id
        after = replace(alarm, place=where.place, area=where.area, device_id=device_id)
        reply = f"The alarm for {time_told(alarm, frame=frame)} rings{where.told or ' here'} now."
        return Deed(
            reply=reply + told_plain(self._plain([after])), write=lambda: self._alerts.change(alarm, after=after) is not None
        )

    def _change(self, intent: Intent, context: Context) -> Deed:
        frame = self._frame()
        words = slot_text(intent.slots, "request")
        where = place_alone(words, home=self._home.snapshot(), context=context) if words else None
        if where is not None:
            return self._move(where, intent=intent, context=context)
        (alarm,) = self._one(intent, context, frame)
        when = when_of(intent, context=context, words=words, frame=frame, question="To when?", is_whole=True)
        rule = when.rule
        if isinstance(alarm.rule, Recurring) and not isinstance(rule, Recurring):
            rule = replace(alarm.rule, start=datetime.combine(alarm.rule.start.date(), wall_time(when.rule, frame=frame)))
        elif isinstance(alarm.rule, AtWallTime) and when.is_hour:
            rule = replace(alarm.rule, local=datetime.combine(alarm.rule.local.date(), wall_time(when.rule, frame=frame)))
        after = replace(alarm, rule=rule, skipped_until=None)
        reply = f"The alarm rings {time_told(replace(after, due_at=None), frame=frame)} now."
        check_rings(after, frame=frame)
        return Deed(reply=reply, write=lambda: self._alerts.change(alarm, after=after) is not None)

    def _cancel(self, intent: Intent, context: Context) -> Deed:
        frame = self._frame()
        which, is_on = slot_text(intent.slots, "which"), self._all()
        known = is_on if is_on and not which else [*is_on, *self._off(frame)]
        alarms = choose(which, alerts=known, frame=frame, noun="alarm", intent=intent, context=context)
        return Deed(reply=_told_done(alarms, "cancelled", frame=frame), write=self._remove(alarms))

    def _off(self, frame: Frame) -> list[Alert]:
        """Those that are switched off, as they would be if they were not."""
        return [awake(one, frame=frame) for one in self._kept() if not one.is_on]

    def _turn_off(self, intent: Intent, context: Context) -> Deed:
        """Ends what rings or is snoozed, if no alarm is named; else the alarm is kept and does not ring."""
        frame, which = self._frame(), slot_text(intent.slots, "which")
        known, rings = self._alerts.snapshot()
        heard = {one.alert_id for one in known if one.kind is AlertKind.ALARM or rings_here(one, context)}
        ringing = [ring for ring in rings if ring.state is RingState.RINGING and ring.alert_id in heard]
        snoozed = [ring for ring in rings if ring.state is RingState.SNOOZED]
        mine = {one.alert_id for one in self._kept()}
        if not which and (ended := ringing or [ring for ring in snoozed if ring.alert_id in mine]):
            return Deed(reply=_STOPPED, write=self._end(ended))
        alarms = choose(which, alerts=self._all(), frame=frame, noun="alarm", intent=intent, context=context)
        ids = {one.alert_id for one in alarms}

        def write() -> bool:
            changed = [self._alerts.change(one, after=replace(one, is_on=False)) is not None for one in alarms]
            return all(changed) and self._end([ring for ring in (*ringing, *snoozed) if ring.alert_id in ids])()

        return Deed(reply=_told_done(alarms, "switched off", frame=frame), write=write)

    def _turn_on(self, intent: Intent, context: Context) -> Deed:
        frame, which = self._frame(), slot_text(intent.slots, "which")
        off = {one.alert_id: one for one in self._kept() if not one.is_on}
        if not off:
            raise refuse("No alarm is switched off")
        alarms = choose(which, alerts=self._off(frame), frame=frame, noun="alarm", intent=intent, context=context)
        for one in alarms:
            if one.due_at is None:
                raise refuse(f"The alarm for {time_told(one, frame=frame)} is over; set a new one")

        def write() -> bool:
            changed = [self._alerts.change(off[one.alert_id], after=replace(one, handled_until=None)) for one in alarms]
            return all(one is not None for one in changed)

        return Deed(reply=_told_done(alarms, "on again", frame=frame), write=write)

    def _skip(self, intent: Intent, context: Context) -> Deed:
        frame = self._frame()
        which = slot_text(intent.slots, "which") or "next"
        found = choose(which, alerts=self._all(), frame=frame, noun="alarm", intent=intent, context=context)
        if len(found) > 1:
            raise refuse("I can skip one alarm at a time; say which")
        alarm = found[0]
        if not isinstance(alarm.rule, Recurring):
            reply = f"The alarm for {time_told(alarm, frame=frame)} is cancelled."
            return Deed(reply=reply, write=self._remove([alarm]))
        due = alarm.due_at.astimezone(frame.zone) if alarm.due_at is not None else None
        day = f"on {due:%A}" if due is not None else "next time"
        reply = f"The alarm for {time_told(alarm, frame=frame)} does not ring {day}."
        return Deed(reply=reply, write=lambda: self._alerts.skip_next(alarm) is not None)

    def _list(self, intent: Intent, context: Context) -> Deed:
        return self._told(intent, self._all())

    def _snooze(self, intent: Intent, context: Context) -> Deed:
        ringing = [ring for ring in self._alerts.open_rings() if ring.state is RingState.RINGING]
        if not ringing:
            raise refuse("Nothing rings")
        minutes = int(slot_text(intent.slots, "minutes") or SNOOZE_SECONDS // 60)
        until = self._clock() + timedelta(minutes=minutes)

        def write() -> bool:
            return sum(self._alerts.snooze(ring, until=until) for ring in ringing) > 0

        return Deed(reply=f"I ring again in {amount(minutes, 'minute')}.", write=write)

    def _one(self, intent: Intent, context: Context, frame: Frame) -> list[Alert]:
        which = slot_text(intent.slots, "which")
        found = choose(which, alerts=self._all(), frame=frame, noun="alarm", intent=intent, context=context)
        if len(found) > 1:
            raise refuse("I can change one alarm at a time; say which")
        return found


def _told_done(alarms: list[Alert], done: str, *, frame: Frame) -> str:
    """That these alarms are now as `done` says."""
    if len(alarms) == 1:
        return f"The alarm for {time_told(alarms[0], frame=frame).removeprefix('on ')} is {done}."
    return f"All {len(alarms)} alarms are {done}."


def make(parts: Parts) -> Skill:
    inside = parts.inside
    return AlarmSkill(
        inside.alerts,
        home=parts.home,
        clock=parts.clock,
        new_id=inside.new_id,
        sounds=inside.sounds,
        satellites=inside.satellites,
        customs=inside.customs,
    )
