"""The ears of a conversation: chunks in, voice activity and endpoint signs out.

Everything here runs in one listening task; the models it calls run in a thread. It holds the sound of the present capture
in memory and drops it when the next one begins.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.events import BargedIn, CaptureEnded, EndReason, Event, PauseBegan, Released, SpeechBegan, WakeHeard
from earwitness.domain.intent import Completeness
from earwitness.turn.endpoint import EndpointLimits, EndpointState, Sign, hint, observe
from earwitness.turn.ports import Ear, VoiceActivityDetector
from earwitness.turn.workers import Worker

QUEUE_BYTES = 2 * 1024 * 1024
"""Sound that may wait to be heard (about a minute); beyond it the oldest is dropped."""
NO_SPEECH_PROBABILITY = 0.1
"""A capture whose loudest frame stays below this holds no speech at all."""
KEPT_SECONDS = 0.6
"""Sound kept from before the first word, when all before it was but the wake word."""
BARGE_IN_PROBABILITY = 0.8
BARGE_IN_FRAMES = 4
"""Speech frames in a row over a reply that stop it: 128 ms."""


@dataclass(slots=True)
class Marker:
    """A point in the stream of chunks at which something changes."""

    kind: str


@dataclass(slots=True)
class Listener:
    """Hears one device. `post` takes events; `now` is a monotonic clock in seconds."""

    vad: VoiceActivityDetector
    ear: Ear | None
    limits_now: Callable[[], EndpointLimits]
    """How long silence lasts; asked when a capture begins. Never blocks."""
    ends_itself: bool
    """Whether silence ends a capture; False for a recording that is all there."""
    worker: Worker
    post: Callable[[Event], Awaitable[None]]
    now: Callable[[], float]
    is_open: bool = False
    is_watching: bool = False
    """Whether speech over a reply is looked for."""
    speech_ended_at: float = 0.0
    has_overrun: bool = False
    _limits: EndpointLimits = field(default_factory=EndpointLimits)
    _endpoint: EndpointState = field(default_factory=EndpointState)
    _sound: bytearray = field(default_factory=bytearray)
    _rest: bytearray = field(default_factory=bytearray)
    _queue: deque[bytes | Marker] = field(default_factory=deque)
    _queued_bytes: int = 0
    _barge_frames: int = 0

    def put(self, item: bytes | Marker) -> None:
        """Queue a chunk or a marker; a full queue drops the oldest sound and remembers that it did."""
        self._queue.append(item)
        if isinstance(item, bytes):
            self._queued_bytes += len(item)
        while self._queued_bytes > QUEUE_BYTES:
            oldest = next(queued for queued in self._queue if isinstance(queued, bytes))
            self._queue.remove(oldest)
            self._queued_bytes -= len(oldest)
            self.has_overrun = True

    def captured(self) -> Pcm:
        """The sound of the present capture so far."""
        return Pcm(data=bytes(self._sound))

    @property
    def speech_seconds(self) -> float:
        """Seconds of this capture so far, 0 before speech began."""
        return self._endpoint.heard_seconds if self._endpoint.has_speech else 0.0

    @property
    def is_speaking(self) -> bool:
        return self.is_open and self._endpoint.is_speaking

    def hint(self, completeness: Completeness) -> None:
        self._endpoint = hint(self._endpoint, completeness)

    async def drain(self) -> None:
        """Take everything that is queued."""
        while self._queue:
            item = self._queue.popleft()
            if isinstance(item, bytes):
                self._queued_bytes -= len(item)
                await self._take(item)
            else:
                await self._mark(item.kind)

    async def _mark(self, kind: str) -> None:
        match kind:
            case "open":
                self._begin()
                preroll = self.ear.open() if self.ear else b""
                if preroll:
                    await self._capture(preroll)
            case "close":
                self.is_open = False
                if self.ear:
                    self.ear.close()
                self._reset()
            case "released":
                is_silent = self.is_open and self._endpoint.loudest_probability < NO_SPEECH_PROBABILITY
                await self.post(CaptureEnded(reason=EndReason.NOTHING) if is_silent else Released())
            case "watch":
                self._reset()
                self.is_watching = True
            case "unwatch":
                self.is_watching = False

    def _begin(self) -> None:
        self.is_open = True
        self.is_watching = False
        self._limits = self.limits_now()
        self._sound = bytearray()
        self.speech_ended_at = self.now()
        self._reset()

    def _reset(self) -> None:
        self._endpoint = EndpointState()
        self._rest.clear()
        self._barge_frames = 0
        self.vad.reset()

    async def _take(self, chunk: bytes) -> None:
        passed = chunk
        if self.ear is not None:
            word, passed = await self.worker.run(self.ear.hear, chunk)
            if word is not None:
                await self.post(WakeHeard(word=word))
            if self.is_watching:
                await self._watch(chunk)
        if self.is_open and passed:
            await self._capture(passed)

    async def _capture(self, chunk: bytes) -> None:
        self._sound += chunk
        for probability in await self.worker.run(self._probabilities, chunk):
            await self._observe(probability)

    async def _watch(self, chunk: bytes) -> None:
        for probability in await self.worker.run(self._probabilities, chunk):
            self._barge_frames = self._barge_frames + 1 if probability >= BARGE_IN_PROBABILITY else 0
            if self._barge_frames == BARGE_IN_FRAMES:
                await self.post(BargedIn())

    def _probabilities(self, chunk: bytes) -> list[float]:
        self._rest += chunk
        size = self.vad.frame_samples * SAMPLE_BYTES
        found = []
        while len(self._rest) >= size:
            found.append(self.vad.probability(bytes(self._rest[:size])))
            del self._rest[:size]
        return found

    async def _observe(self, probability: float) -> None:
        seconds = self.vad.frame_samples / RATE_HZ
        before = self._endpoint
        self._endpoint, told = observe(before, probability, frame_seconds=seconds, limits=self._limits)
        if self._endpoint.silence_seconds == 0.0:
            self.speech_ended_at = self.now()
        if told is Sign.SPEECH_BEGAN and before.completeness is Completeness.ABSENT:
            del self._sound[: -round(KEPT_SECONDS * RATE_HZ) * SAMPLE_BYTES]
        if not self.ends_itself:
            return
        match told:
            case Sign.SPEECH_BEGAN:
                await self.post(SpeechBegan())
            case Sign.PAUSE_BEGAN:
                await self.post(PauseBegan())
            case EndReason():
                self.is_open = False
                await self.post(CaptureEnded(reason=told))
            case None:
                pass
