"""Somebody else's recogniser over Wyoming, as one of ours: what was said goes there as sound and comes back as text.

Plain Wyoming has no encryption and no key: `reach.Trust` decides whether sound may go to an address, anew for each utterance.
Silence and noise stay here. Owns no model but what tells speech from silence; knows nothing of the home, and nothing is weighed.
"""

import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.errors import EngineError, NetworkError, WireError
from earwitness.domain.intent import Context
from earwitness.domain.turn import Transcript
from earwitness.foreign.reach import Place, Trust
from earwitness.protocol.frames import Decoder, Frame, encode

NAME: Final = "wyoming"
DEFAULT_PORT: Final = 10300
DEADLINE_SECONDS: Final = 15.0
"""How long one recognition may take, the way there and back in it."""
LONGEST_TEXT: Final = 4000
_CHUNK_BYTES: Final = 8192
_READ_BYTES: Final = 65536
_MOST_FRAMES: Final = 1000
"""Frames of other kinds before the transcript; more is no recogniser."""
_FORM: Final = {"rate": RATE_HZ, "width": SAMPLE_BYTES, "channels": 1}


class WyomingRecogniser:
    """A Recogniser (turn.ports) at `place`; `has_speech` tells what is worth sending. A connection for each call."""

    name = NAME

    def __init__(
        self,
        place: Place,
        *,
        trust: Trust,
        has_speech: Callable[[Pcm], bool],
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._place = place
        self._trust = trust
        self._has_speech = has_speech
        self._deadline_seconds = deadline_seconds

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        """Have 16 kHz mono PCM transcribed there; hints and context stay here. Silence gives an empty text and is not sent.

        Raises EngineError if the recogniser does not answer in time or not as it should, NetworkError where sound may not go.
        """
        del hints, context
        if pcm.rate_hz != RATE_HZ:
            raise ValueError("recognition needs 16 kHz")
        text = self._asked(pcm) if self._has_speech(pcm) else ""
        return Transcript(text=text, engine=NAME, audio_seconds=pcm.seconds)

    def _asked(self, pcm: Pcm) -> str:
        ends_at = time.monotonic() + self._deadline_seconds
        try:
            with self._connected() as stream:
                stream.settimeout(_left(ends_at))
                stream.sendall(b"".join(encode(frame, is_foreign=True) for frame in _question(pcm)))
                return _transcript(stream, ends_at)
        except (OSError, WireError) as error:
            raise EngineError(f"{self._called} did not say what it heard; see whether it runs, and say it again.") from error

    @property
    def _called(self) -> str:
        return f"The recogniser at {self._place.host}, port {self._place.port}"

    def _connected(self) -> socket.socket:
        """A connection to an address to which sound may go. Raises NetworkError, OSError."""
        refused: NetworkError | None = None
        for family, kind, _, _, address in socket.getaddrinfo(self._place.host, self._place.port, type=socket.SOCK_STREAM):
            try:
                self._trust.check_peer(str(address[0]))
            except NetworkError as error:
                refused = error
                continue
            stream = socket.socket(family, kind)
            try:
                stream.settimeout(self._deadline_seconds)
                stream.connect(address)
            except OSError:
                stream.close()
                raise
            return stream
        raise refused or EngineError(f"{self._called} has no address.")


def _question(pcm: Pcm) -> list[Frame]:
    pieces = [pcm.data[start : start + _CHUNK_BYTES] for start in range(0, len(pcm.data), _CHUNK_BYTES)]
    sound = [Frame("audio-chunk", _FORM, payload=piece) for piece in pieces]
    return [Frame("transcribe", {"language": "en"}), Frame("audio-start", _FORM), *sound, Frame("audio-stop")]


def _transcript(stream: socket.socket, ends_at: float) -> str:
    """The text of the transcript that comes. Raises WireError, OSError."""
    decoder, seen = Decoder(is_numbered=False), 0
    while True:
        stream.settimeout(_left(ends_at))
        data = stream.recv(_READ_BYTES)
        if not data:
            raise WireError("The connection ended before the transcript.", code="wire.cut")
        for frame in decoder.feed(data):
            seen += 1
            if frame.kind == "transcript":
                return _text(frame)
            if frame.kind == "error" or seen > _MOST_FRAMES:
                raise WireError("The recogniser gave no transcript.")


def _text(frame: Frame) -> str:
    text = frame.fields.get("text")
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise WireError(f"A transcript is a text of at most {LONGEST_TEXT} characters.")
    return " ".join(text.split())


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
