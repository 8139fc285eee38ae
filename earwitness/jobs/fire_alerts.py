"""Rings alerts when they are due, each occurrence once, and tells what was missed.

It sleeps until the next one is due, wakes when alerts change, and looks at the clock at least every LONGEST_SLEEP_SECONDS, so
that a clock that jumps is noticed. An occurrence is claimed on the disk before it is heard, and marked there once it was given to
what sounds: after a crash between the two it rings anew, after a crash later it goes on, under the same id. It is over once
somebody stopped it, or it rang for as long as it may. It knows nothing of sound.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

from earwitness.domain.alert import (
    LATE_SECONDS,
    Alert,
    AlertKind,
    AwayReport,
    Foretold,
    Outcome,
    Place,
    Ring,
    RingState,
    RungAway,
    occurrence_of,
    ring_id,
)
from earwitness.domain.errors import StorageError
from earwitness.domain.ring_sound import PLAIN, RingManner
from earwitness.links.alerts import AHEAD, Alerts, Claim
from earwitness.recurrence import occurrences
from earwitness.skills.alert_words import LATE_SECONDS as SAID_LATE_SECONDS
from earwitness.skills.alert_words import missed_sentence, ring_sentence
from earwitness.telemetry import log

LONGEST_SLEEP_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5.0
LONGEST_RING_SECONDS: Final = 900.0
REPEAT_SECONDS: Final = 600.0
"""What must be acknowledged comes again so long after it rang unanswered,"""
MOST_REPEATS: Final = 12
"""and so often."""
FORETOLD_DAYS: Final = 7
MOST_FORETOLD: Final = 8
"""Of one alert."""
PRUNE_SECONDS: Final = 3600.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """Something that rings now. `text` is the sentence to say; without `area` and `device_id` it rings everywhere."""

    ring_id: str
    alert_id: str
    kind: AlertKind
    text: str
    late_seconds: float
    area: str | None = None
    device_id: str | None = None
    manner: RingManner = PLAIN
    is_continued: bool = False
    """Whether it rang before, until this process or another one died or a satellite came back: the same ring goes on."""


@dataclass(slots=True)
class _Sounding:
    """What rings, and until when on the loop's clock."""

    alert: Alert
    ring: Ring
    until: float


async def _nobody(text: str) -> bool:
    return False


class FireAlerts:
    """The job. `clock` gives aware datetimes in the household's zone. `ring` begins to ring and returns at once; `hush` ends it
    (it may be called for what no longer rings); `tell` says a sentence and whether anybody can have heard it; `foretell` learns
    of every change of what will ring; `patience` is how long satellites have after a start to say what they rang alone."""

    def __init__(
        self,
        *,
        alerts: Alerts,
        clock: Callable[[], datetime],
        ring: Callable[[Ringing], None],
        hush: Callable[[str], None],
        tell: Callable[[str], Awaitable[bool]] = _nobody,
        foretell: Callable[[Sequence[Foretold]], None] = lambda foretold: None,
        patience: Callable[[], float] = lambda: 0.0,
        longest_ring_seconds: float = LONGEST_RING_SECONDS,
        longest_sleep_seconds: float = LONGEST_SLEEP_SECONDS,
    ) -> None:
        self._alerts = alerts
        self._clock = clock
        self._ring = ring
        self._hush = hush
        self._tell = tell
        self._foretell = foretell
        self._patience = patience
        self._longest_ring_seconds = longest_ring_seconds
        self._longest_sleep_seconds = longest_sleep_seconds
        self._foretold: tuple[object, ...] = ()
        self._ahead: dict[str, tuple[Alert, tzinfo | None, list[datetime]]] = {}
        self._sounding: dict[str, _Sounding] = {}
        self._stopped: dict[str, Ring] = {}
        self._untold: dict[str, tuple[Ring, str]] = {}
        self._telling: asyncio.Task[None] | None = None
        self._began_at: datetime | None = None
        self._patient_until = self._prune_at = 0.0
        self._seen_at: datetime | None = None
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        """Held while rows and what sounds are brought together."""

    async def run(self) -> None:
        """Ring alerts until cancelled. A database that fails is tried again; nothing is rung that was not claimed first."""
        loop = asyncio.get_running_loop()

        def changed() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._wake.set)

        unsubscribe = self._alerts.subscribe(changed)
        try:
            while True:
                self._wake.clear()
                try:
                    async with self._turn:
                        seconds = await self._look(loop.time())
                except StorageError as error:
                    log(_logger, "alerts unreadable", level=logging.WARNING, code=error.code)
                    seconds = RETRY_SECONDS
                await self._sleep(seconds)
        finally:
            unsubscribe()
            if self._telling is not None:
                self._telling.cancel()

    def acknowledge(self, ring_id: str) -> None:
        """Somebody stopped it: it rings no more. Called on the event loop."""
        sounding = self._sounding.pop(ring_id, None)
        if sounding is not None:
            self._stopped[ring_id] = sounding.ring
            self._wake.set()

    async def reported(self, reports: Iterable[AwayReport]) -> tuple[str, ...]:
        """A satellite says what it rang while it was on its own; gives the ids of those that must not ring there (any more).

        What is said here is on the disk when this returns. Raises StorageError.
        """
        over = []
        async with self._turn:
            for one in sorted(reports, key=lambda report: report.ring_id):
                occurrence = occurrence_of(one.ring_id)
                if occurrence is None or not await self._take_over(one, *occurrence):
                    over.append(one.ring_id)
        self._wake.set()
        return tuple(over)

    async def _take_over(self, report: AwayReport, alert_id: str, due_at: datetime) -> bool:
        now = self._clock()
        state = {RungAway.RINGING: RingState.RINGING, RungAway.SNOOZED: RingState.SNOOZED}.get(report.what, RingState.OVER)
        rings_at = now + timedelta(seconds=report.in_seconds) if state is RingState.SNOOZED else due_at

        def settle() -> tuple[tuple[Alert, ...], tuple[Ring, ...]] | None:
            is_taken = self._alerts.settle(alert_id, due_at, state=state, rings_at=rings_at, now=now)
            return self._alerts.snapshot() if is_taken else None

        found = await asyncio.to_thread(settle)
        if found is None:
            return False
        alerts = {alert.alert_id: alert for alert in found[0]}
        news = [ring for ring in found[1] if ring.alert_id == alert_id and ring.ring_id not in (*self._sounding, *self._untold)]
        taken = [ring for ring in news if ring.state is RingState.MISSED or ring.due_at == due_at]
        await self._begin(Claim(alert=alerts[alert_id], ring=ring) for ring in taken if ring.state is not RingState.SNOOZED)
        return True

    async def _look(self, loop_now: float) -> float:
        """Ring and end what is to be; gives the seconds until it must look again. Raises StorageError."""
        await self._finish(loop_now)
        now = self._clock()
        await self._replan(now)
        alerts, rings = await asyncio.to_thread(self._alerts.snapshot)
        self._drop_gone(rings)
        self._tell_ahead(alerts, rings, now=now)
        if self._began_at is None:
            await self._resume(alerts, rings, now=now)
            self._began_at, self._patient_until = now, loop_now + self._patience()
        wakes = [alert.due_at for alert in alerts if alert.due_at is not None]
        wakes += [ring.rings_at for ring in rings if ring.state is RingState.SNOOZED]
        since = self._began_at if loop_now < self._patient_until else None
        if any(at <= now and (since is None or at >= since) for at in wakes):
            await self._begin(await asyncio.to_thread(self._alerts.claim, now, since=since))
        self._say_missed()
        waits = [(at - now).total_seconds() for at in wakes if at > now]
        waits += [one.until - loop_now for one in self._sounding.values()]
        waits += [self._patient_until - loop_now] if loop_now < self._patient_until else []
        return max(0.0, min([self._longest_sleep_seconds, *waits]))

    async def _replan(self, now: datetime) -> None:
        """After a start, and when the household's zone changed or the clock went far back."""
        seen, self._seen_at = self._seen_at, now
        if seen is None or seen.tzinfo != now.tzinfo or now < seen - AHEAD:
            try:
                await asyncio.to_thread(self._alerts.replan, now=now)
            except BaseException:
                self._seen_at = None
                raise

    async def _resume(self, alerts: Sequence[Alert], rings: Sequence[Ring], *, now: datetime) -> None:
        """What the last process left ringing goes on; what it claimed and did not ring in time was missed."""
        found = {alert.alert_id: alert for alert in alerts}
        for ring in rings:
            alert = found.get(ring.alert_id)
            if alert is None or ring.state is RingState.SNOOZED:
                continue
            is_late = (now - ring.rings_at).total_seconds() > LATE_SECONDS
            if ring.state is RingState.RINGING and is_late and ring.sounded_at is None:
                await asyncio.to_thread(self._alerts.miss, ring)
                ring = replace(ring, state=RingState.MISSED)
            if ring.state is RingState.RINGING and is_late:
                await asyncio.to_thread(self._alerts.end, (ring,), outcome=Outcome.UNANSWERED, now=now)
            else:
                await self._begin([Claim(alert=alert, ring=ring)])

    async def _begin(self, claims: Iterable[Claim]) -> None:
        for alert, ring in ((claim.alert, claim.ring) for claim in claims):
            now = self._clock()
            if ring.state is RingState.MISSED:
                text = missed_sentence(alert, ring, now=now, was_off=self._began_at is None or ring.rings_at < self._began_at)
                self._untold[ring.ring_id] = (ring, text)
                continue
            until = asyncio.get_running_loop().time() + self._longest_ring_seconds
            self._sounding[ring.ring_id] = _Sounding(alert, ring, until)
            self._ring(_ringing(alert, ring, now=now))
            if ring.sounded_at is None:
                await asyncio.to_thread(self._alerts.note_sounded, ring, now=now)
            if alert.kind is AlertKind.ROUTINE:
                self.acknowledge(ring.ring_id)

    def _drop_gone(self, rings: Sequence[Ring]) -> None:
        """End what was stopped, snoozed or cancelled elsewhere while it rang or waited to be told."""
        states = {ring.ring_id: ring.state for ring in rings}
        for gone in [each for each in self._sounding if states.get(each) is not RingState.RINGING]:
            del self._sounding[gone]
            self._hush(gone)
        self._untold = {each: one for each, one in self._untold.items() if states.get(each) is RingState.MISSED}

    async def _finish(self, loop_now: float) -> None:
        """Note what somebody stopped, and end what has rung for long enough."""
        if self._stopped:
            stopped = dict(self._stopped)
            await asyncio.to_thread(self._alerts.end, tuple(stopped.values()), outcome=Outcome.STOPPED, now=self._clock())
            for each in stopped:
                del self._stopped[each]
        for each, sounding in [(each, one) for each, one in self._sounding.items() if one.until <= loop_now]:
            await self._give_up(sounding)
            if self._sounding.pop(each, None) is not None:
                self._hush(each)
        if loop_now >= self._prune_at:
            await asyncio.to_thread(self._alerts.prune, now=self._clock())
            self._prune_at = loop_now + PRUNE_SECONDS

    async def _give_up(self, sounding: _Sounding) -> None:
        now, ring = self._clock(), sounding.ring
        if sounding.alert.must_acknowledge and ring.repeats < MOST_REPEATS:
            until = now + timedelta(seconds=REPEAT_SECONDS)
            await asyncio.to_thread(self._alerts.snooze, ring, until=until, is_repeat=True)
        else:
            await asyncio.to_thread(self._alerts.end, (ring,), outcome=Outcome.UNANSWERED, now=now)

    def _say_missed(self) -> None:
        """Tell one thing at a time; what nobody was there to hear is told later."""
        if self._untold and (self._telling is None or self._telling.done()):
            self._telling = asyncio.get_running_loop().create_task(self._tell_missed())

    async def _tell_missed(self) -> None:
        for each, (ring, text) in tuple(self._untold.items()):
            if not await self._tell(text):
                return
            try:
                await asyncio.to_thread(self._alerts.end, (ring,), outcome=Outcome.TOLD, now=self._clock())
            except StorageError as error:
                log(_logger, "alerts unreadable", level=logging.WARNING, code=error.code)
                return
            self._untold.pop(each, None)

    def _tell_ahead(self, alerts: Sequence[Alert], rings: Sequence[Ring], *, now: datetime) -> None:
        snoozed = [ring for ring in rings if ring.state is RingState.SNOOZED]
        told = (now.tzinfo, tuple((one.alert_id, one.revision, one.due_at) for one in alerts), tuple(snoozed))
        if told == self._foretold:
            return
        self._foretold = told
        found = {alert.alert_id: alert for alert in alerts}
        before, self._ahead = self._ahead, {}
        for alert in alerts:
            known = before.get(alert.alert_id)
            is_known = known is not None and known[0] == alert and known[1] == now.tzinfo
            self._ahead[alert.alert_id] = known if known is not None and is_known else (alert, now.tzinfo, _ahead(alert, now=now))
        ahead = [(alert, due) for alert, _, dues in self._ahead.values() for due in dues if due > now]
        foretold = [_foretold(alert, due, due, now=now) for alert, due in ahead]
        foretold += [
            _foretold(found[one.alert_id], one.due_at, one.rings_at, now=now) for one in snoozed if one.alert_id in found
        ]
        self._foretell(sorted(foretold, key=lambda one: one.in_seconds))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def _ringing(alert: Alert, ring: Ring, *, now: datetime) -> Ringing:
    area, device_id = _where(alert)
    return Ringing(
        ring_id=ring.ring_id,
        alert_id=alert.alert_id,
        kind=alert.kind,
        text=ring_sentence(alert, rings_at=ring.rings_at, now=now),
        late_seconds=max(0.0, (now - ring.rings_at).total_seconds()),
        area=area,
        device_id=device_id,
        manner=_manner(alert, ring, now=now),
        is_continued=ring.sounded_at is not None,
    )


def _manner(alert: Alert, ring: Ring, *, now: datetime) -> RingManner:
    """One that is gone on with is as loud as it has become; one that was snoozed begins anew, as does one that comes again."""
    is_same = ring.sounded_at is not None and ring.sounded_at >= ring.rings_at
    rung = (now - ring.sounded_at).total_seconds() if ring.sounded_at is not None and is_same else 0.0
    is_late = (now - ring.rings_at).total_seconds() >= SAID_LATE_SECONDS and not is_same
    return RingManner(
        sound=alert.sound,
        is_rising=alert.is_rising,
        rung_seconds=max(0.0, rung),
        is_said=is_late or not alert.is_rising,
    )


def _where(alert: Alert) -> tuple[str | None, str | None]:
    return alert.area if alert.place is Place.ROOM else None, alert.device_id if alert.place is Place.DEVICE else None


def _ahead(alert: Alert, *, now: datetime) -> list[datetime]:
    """The next occurrences that satellites are to know: one however far, more within FORETOLD_DAYS."""
    if alert.due_at is None or alert.kind is AlertKind.ROUTINE:
        return []
    zone = now.tzinfo
    assert zone is not None
    later = islice(occurrences(alert, after=alert.due_at, household=zone), MOST_FORETOLD - 1)
    until = now + timedelta(days=FORETOLD_DAYS)
    return [alert.due_at, *(due for due in later if due <= until)]


def _foretold(alert: Alert, due_at: datetime, rings_at: datetime, *, now: datetime) -> Foretold:
    area, device_id = _where(alert)
    return Foretold(
        ring_id=ring_id(alert.alert_id, due_at),
        text=ring_sentence(alert, rings_at=rings_at, now=rings_at.astimezone(now.tzinfo)),
        in_seconds=max(0.0, (rings_at - now).total_seconds()),
        area=area,
        device_id=device_id,
        sound=alert.sound,
        is_rising=alert.is_rising,
    )
