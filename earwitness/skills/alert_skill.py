"""What the skills of alarms and reminders share: alerts of one kind, their deeds by intent, how a list of them is told."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from earwitness.domain.alert import Alert, AlertKind, Outcome, Ring
from earwitness.domain.times import Frame
from earwitness.links.alerts import Alerts
from earwitness.skills.alert_choice import TOLD_AT_MOST, by_time, matching, told
from earwitness.skills.interface import Context, HomeLink, Intent, slot_text
from earwitness.skills.keeping import Deed, KeepingSkill
from earwitness.skills.resolve import plain
from earwitness.skills.when import frame_at
from earwitness.skills.wording import amount, listed, sentence

DeedOf: TypeAlias = Callable[[Intent, Context], Deed]


class AlertSkill(KeepingSkill):
    """Alerts of one `kind` of the whole home."""

    kind: AlertKind

    def __init__(self, alerts: Alerts, *, home: HomeLink, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._alerts = alerts
        self._home = home
        self._clock = clock
        self._new_id = new_id

    @abstractmethod
    def deeds(self) -> Mapping[str, DeedOf]:
        """What each intent comes to."""

    def deed(self, intent: Intent, context: Context) -> Deed:
        return self.deeds()[intent.name](intent, context)

    def _frame(self) -> Frame:
        return frame_at(self._clock())

    def _all(self) -> list[Alert]:
        """Those that are switched on."""
        return [one for one in self._kept() if one.is_on]

    def _kept(self) -> list[Alert]:
        """Those that are switched off too."""
        return [one for one in self._alerts.all() if one.kind is self.kind]

    def _add(self, alert: Alert) -> Callable[[], bool]:
        """What writes a new one."""

        def write() -> bool:
            self._alerts.add(alert)
            return True

        return write

    def _remove(self, alerts: Sequence[Alert]) -> Callable[[], bool]:
        """What takes these away."""
        ids = [one.alert_id for one in alerts]
        return lambda: self._alerts.remove(ids) > 0

    def _end(self, rings: Sequence[Ring]) -> Callable[[], bool]:
        """What lets these ring no more."""

        def write() -> bool:
            self._alerts.end(rings, outcome=Outcome.STOPPED, now=self._clock())
            return True

        return write

    def _told(self, intent: Intent, alerts: Sequence[Alert], *, has_texts: bool = False) -> Deed:
        """Those that are asked for, the soonest first; `has_texts`: each with words that commas would run together."""
        frame, which, noun = self._frame(), slot_text(intent.slots, "which"), self.kind.value
        found = by_time(alerts)
        if which and found:
            found = matching(plain(which), found, frame=frame)
        if not found:
            return Deed(reply=f"There is no {noun}{f' {which}' if which else ''}.")
        said = [told(one, frame=frame) for one in found[:TOLD_AT_MOST]]
        if len(found) == 1:
            return Deed(reply=sentence(f"there is one {noun}, {said[0]}"))
        more = len(found) - TOLD_AT_MOST
        rest = f"{';' if has_texts else ','} and {more} more" if more > 0 else ""
        return Deed(reply=f"There are {amount(len(found), noun)}: {'; '.join(said) if has_texts else listed(said)}{rest}.")
