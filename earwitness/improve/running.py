"""What was learned, at run-time: which chain hears and understands a request. Blocks only when something was promoted.

A version on trial hears a share of the hours at each place, by a keyed hash of place and hour: within one turn, and while its
words are guessed, it is always the same chain. Where a version cannot be loaded, the chain without it runs, and the log says so.
"""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Context, Understanding
from earwitness.domain.turn import Transcript
from earwitness.improve.adapting import Chain
from earwitness.improve.improver import Improver
from earwitness.improve.models import Model
from earwitness.speech.wake.verifier import FoundWake, Verifier
from earwitness.telemetry import log

SPACE: Final = 1 << 64
_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A version on trial, and whether it is used at a place now."""

    model_id: str
    has_model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    model: Model
    chain: Chain


class InUse:
    """The chains of a running house. `clock` gives aware datetimes."""

    def __init__(self, base: Chain, *, improver: Callable[[], Improver], clock: Callable[[], datetime]) -> None:
        self._base = base
        self._improver = improver
        self._clock = clock
        self._usual = base
        self._tried: _Tried | None = None
        self._may_be_sent = False
        self._known: tuple[object, ...] = ()
        self._changing = threading.Lock()
        self._subscribers: list[Callable[[], None]] = []

    def refresh(self) -> None:
        """Take what is promoted now. Blocks while something new is loaded; raises StorageError."""
        with self._changing:
            improver = self._improver()
            used, tried = improver.models.in_use(), improver.models.on_trial()
            may_be_sent = used is not None and _may_be_sent(improver, used)
            known = (used and used.model_id, may_be_sent, tried and (tried.model_id, tried.share))
            if known == self._known:
                return
            self._usual = self._base if used is None else self._loaded(improver, used) or self._base
            chain = None if tried is None else self._loaded(improver, tried)
            self._tried = None if tried is None or chain is None else _Tried(model=tried, chain=chain)
            self._may_be_sent = may_be_sent
            self._known = known
            for learn in self._subscribers:
                learn()

    def subscribe(self, learn: Callable[[], None]) -> None:
        """Have `learn` called after each change, in the thread that noticed it and before the next; it must not raise."""
        self._subscribers.append(learn)

    def _loaded(self, improver: Improver, model: Model) -> Chain | None:
        try:
            return improver.with_model(self._base, model)
        except EarwitnessError as error:
            log(_logger, "learned version not loaded", level=logging.ERROR, code=error.code)
            return None

    def chain(self, context: Context | None) -> Chain:
        """The chain for a request from there, now."""
        tried = self._tried
        if tried is not None and context is not None and is_tried(tried.model, context, self._clock()):
            return tried.chain
        return self._usual

    def is_wake(self, found: FoundWake) -> bool:
        """Whether a wake word that was found is one, by what is in use now: what was retired looks at no stream any more."""
        second = self._usual.second_look
        return second is None or second.is_wake(found)

    @property
    def sent_second_look(self) -> Verifier | None:
        """The second look at wake words for satellites: of what is in use now and not of what is on trial, and only if all who
        taught it agreed to that."""
        return self._usual.second_look if self._may_be_sent else None

    def trial(self, context: Context) -> Trial | None:
        """Whether a version is on trial, and whether it is used there now."""
        tried = self._tried
        if tried is None:
            return None
        return Trial(model_id=tried.model.model_id, has_model=is_tried(tried.model, context, self._clock()))


def _may_be_sent(improver: Improver, model: Model) -> bool:
    try:
        return improver.may_be_held_by_satellites(model)
    except EarwitnessError as error:
        log(_logger, "learned version not sent", level=logging.ERROR, code=error.code)
        return False


def is_tried(model: Model, context: Context, now: datetime) -> bool:
    """Whether this hour at that place is one of a trial's share: HMAC-SHA256 of both under the version's random id."""
    place = context.device_id or context.page_id or context.person_id or context.area or ""
    hour = now.astimezone(UTC).strftime("%Y-%m-%dT%H")
    drawn = hmac.digest(model.model_id.encode(), f"{place}\0{hour}".encode(), hashlib.sha256)
    return int.from_bytes(drawn[:8], "big") < model.share * SPACE


class AdaptedRecogniser:
    """The recogniser of whichever chain hears a request (turn.ports.Recogniser)."""

    def __init__(self, in_use: InUse, *, name: str) -> None:
        self._in_use = in_use
        self.name = name

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        return self._in_use.chain(context).recogniser.transcribe(pcm, hints=hints, context=context)


class AdaptedUnderstander:
    """The understander of whichever chain understands a request (turn.ports.Understander)."""

    def __init__(self, in_use: InUse) -> None:
        self._in_use = in_use

    def understand(self, text: str, *, context: Context) -> Understanding:
        return self._in_use.chain(context).understander.understand(text, context=context)

    def hints(self) -> tuple[str, ...]:
        return self._in_use.chain(None).understander.hints()
