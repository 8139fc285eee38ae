"""The session protocol as bytes: strict decoding of what a device sends, checked encoding of what it is told. Pure.

Every bound and message is described in docs/protocol.md. Anything malformed raises WireError; nothing is guessed or skipped.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias, cast

from earwitness.domain.alert import AwayReport, RungAway
from earwitness.domain.errors import WireError

VERSION: Final = 1
MAX_TEXT_BYTES: Final = 16 * 1024
MAX_NESTING: Final = 4
MIN_CHUNK_BYTES: Final = 640
MAX_CHUNK_BYTES: Final = 2560
MAX_ASK_CHARACTERS: Final = 2000
MAX_SPEECH_ID: Final = 2**32 - 1
MAX_SPEECH_SAMPLES: Final = 16_384
MAX_WAKE_AGE_MS: Final = 5000
MAX_ALARMS: Final = 64
MAX_ALARM_ID: Final = 128
MAX_SNOOZE_SECONDS: Final = 86_400.0
MAX_SOUNDS: Final = 8
"""Sounds of alarms that a satellite keeps."""
DIGEST_CHARACTERS: Final = 64
FIRST_MUSIC_ID: Final = 2**31
LAST_MUSIC_ID: Final = 2**32 - 1024
"""Music has the speech ids from FIRST_MUSIC_ID on; those beyond LAST_MUSIC_ID are of sounds that a satellite keeps."""
MUSIC_RATE_HZ: Final = 24_000
MOST_MUSIC_MS: Final = 86_400_000
MOST_MUSIC_WAITING_MS: Final = 60_000
MUSIC_STATES: Final = ("started", "playing", "paused", "finished", "stopped", "lost")
RELAY_SPEECH_ID: Final = 0
"""The speech id of what another satellite's microphone hears in a call; replies count from 1."""
CUES: Final = ("start", "end", "error", "alert")
_SPEECH_HEADER: Final = struct.Struct("<BI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    version: int
    is_hands_free: bool
    is_muted: bool = False
    voice: str | None = None
    speed: float = 1.0
    is_only_me: bool = False
    """Whether, hands-free, nobody speaks here but the person who is signed in."""
    has_sounds: bool = False
    """Of a satellite: whether it keeps the sounds of alarms, and lets them begin softly."""
    has_music: bool = False
    """Of a satellite: whether it plays music beside all else."""
    has_second_look: bool = False
    """Of a satellite: whether it can look a second time at the wake words that it finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CueDone:
    cue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    speech_id: int
    state: Literal["started", "finished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseVoice:
    name: str
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """A satellite heard its wake word; no sound has left it."""

    word: str
    loudness_dbfs: float
    """How loud the word was at its microphone, -120 to 0."""
    score: float
    """How sure the detector is, 0 to 1."""
    age_ms: int
    """How long before this message the word ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How loud the device plays now, 0 to 100 percent: its answer to `volume_wish`."""

    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What a satellite did with alarms that it held: while it was on its own, or by its snooze key."""

    reports: tuple[AwayReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """The sounds of alarms that a satellite has whole on its disk, by their digests."""

    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicReport:
    """How a satellite stands with its music: its present track, how much of that was played, what of all tracks waits there."""

    track_id: int
    state: str
    """One of MUSIC_STATES."""
    played_ms: int
    waiting_ms: int
    volume: int
    """Percent."""


ClientMessage: TypeAlias = (
    Hello | Press | Release | Stop | Mute | Ask | CueDone | Playback | ChooseVoice | Wake | Volume | Rung | Sounds | MusicReport
)

SERVER_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "welcome": frozenset({"version", "rate_hz", "hands_free", "hands_free_allowed", "person"}),
    "state": frozenset({"state", "muted", "capture"}),
    "cue": frozenset({"cue"}),
    "capture": frozenset({"open"}),
    "partial": frozenset({"text"}),
    "transcript": frozenset({"text"}),
    "understood": frozenset({"intent", "slots"}),
    "turn": frozenset(
        {"turn_id", "transcript", "intent", "slots", "outcome", "reply", "timings_ms", "error", "reason", "kept"},
    ),
    "home": frozenset({"name", "simulated", "areas", "devices", "timers", "lists"}),
    "speech": frozenset({"id", "rate_hz", "text"}),
    "speech_end": frozenset({"id"}),
    "speech_stop": frozenset({"id"}),
    "alert": frozenset({"id", "kind", "text"}),
    "alert_end": frozenset({"id"}),
    "alarm_sound": frozenset({"digest", "id", "rate_hz"}),
    "notice": frozenset({"text"}),
    "settings": frozenset({"name", "area", "wake_words", "voice", "speed"}),
    "second_look": frozenset({"verifier"}),
    "alarms": frozenset({"alarms"}),
    "rung_kept": frozenset({"ids", "over"}),
    "mute_wish": frozenset(),
    "volume_wish": frozenset({"percent", "change"}),
    "wake_lost": frozenset(),
    "intercom": frozenset({"state", "peer"}),
    "phrase": frozenset({"name", "id", "rate_hz", "text"}),
    "music": frozenset({"id", "rate_hz"}),
    "music_end": frozenset({"id"}),
    "music_stop": frozenset(),
    "music_set": frozenset({"paused", "volume"}),
    "error": frozenset({"code", "message"}),
}
"""The fields of each message to a device, `type` aside; these, and of OPTIONAL_FIELDS any."""

OPTIONAL_FIELDS: Final[Mapping[str, frozenset[str]]] = {"alert": frozenset({"sound", "rising", "rung_seconds"})}
"""Told to pages, and to satellites whose `hello` says that they have sounds."""


def decode(text: str) -> ClientMessage:
    """Read one text frame of a device.

    Raises WireError: wire.too_large beyond MAX_TEXT_BYTES, wire.wrong_version for another version's hello, else wire.malformed.
    """
    if len(text) > MAX_TEXT_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise WireError(f"A message may be at most {MAX_TEXT_BYTES} bytes long.", code="wire.too_large")
    return read_fields(_json_object(text))


def read_fields(values: Mapping[str, object]) -> ClientMessage:
    """Read one message of a device from its fields, `type` among them. Raises WireError."""
    fields = _Fields(dict(values))
    message = _message(fields)
    fields.finish()
    return message


def decode_chunk(data: bytes) -> bytes:
    """Check one binary frame of a device: 20-80 ms of 16 kHz mono int16. Raises WireError."""
    if not MIN_CHUNK_BYTES <= len(data) <= MAX_CHUNK_BYTES or len(data) % 2:
        raise WireError(f"A sound chunk holds {MIN_CHUNK_BYTES} to {MAX_CHUNK_BYTES} bytes of whole 16-bit samples.")
    return data


def encode(message: Mapping[str, object]) -> str:
    """Write one message to a device as JSON. Raises WireError if it is not one of SERVER_FIELDS or not JSON."""
    check(message)
    try:
        return json.dumps(message, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise WireError(f"The message {message['type']} holds a value that JSON has no form for.") from error


def check(message: Mapping[str, object]) -> None:
    """Raise WireError if a message to a device is not one of SERVER_FIELDS with exactly its fields."""
    kind = message.get("type")
    expected = SERVER_FIELDS.get(kind) if isinstance(kind, str) else None
    if expected is None:
        raise WireError("The protocol has no such server message.")
    found = frozenset(message) - {"type"}
    if wrong := (found ^ expected) - OPTIONAL_FIELDS.get(str(kind), frozenset()):
        raise WireError(f"The message {kind} has wrong fields: {', '.join(sorted(wrong))}.")


def encode_speech(speech_id: int, samples: bytes) -> bytes:
    """Write one frame of reply sound: 1 to MAX_SPEECH_SAMPLES int16 samples. Raises WireError."""
    if not 0 <= speech_id <= MAX_SPEECH_ID:
        raise WireError("A speech id fits in 32 bits.")
    if not 2 <= len(samples) <= 2 * MAX_SPEECH_SAMPLES or len(samples) % 2:
        raise WireError(f"A speech frame holds 1 to {MAX_SPEECH_SAMPLES} whole 16-bit samples.")
    return _SPEECH_HEADER.pack(VERSION, speech_id) + samples


def decode_speech(frame: bytes) -> tuple[int, bytes]:
    """Read one frame of reply sound, as a device does: (speech id, int16 samples). Raises WireError."""
    if len(frame) < _SPEECH_HEADER.size + 2:
        raise WireError("A speech frame is shorter than its header and one sample.")
    version, speech_id = _SPEECH_HEADER.unpack_from(frame)
    if version != VERSION:
        raise WireError("A speech frame is of another version.", code="wire.wrong_version")
    samples = frame[_SPEECH_HEADER.size :]
    if len(samples) > 2 * MAX_SPEECH_SAMPLES or len(samples) % 2:
        raise WireError(f"A speech frame holds 1 to {MAX_SPEECH_SAMPLES} whole 16-bit samples.")
    return speech_id, samples


def _message(fields: "_Fields") -> ClientMessage:
    match fields.text("type", longest=32):
        case "hello":
            return _hello(fields)
        case "press":
            return Press()
        case "release":
            return Release()
        case "stop":
            return Stop()
        case "mute":
            return Mute(is_on=fields.flag("on"))
        case "ask":
            return Ask(text=fields.text("text", longest=MAX_ASK_CHARACTERS))
        case "cue_done":
            return CueDone(cue=fields.one_of("cue", CUES))
        case "playback":
            state = cast(Literal["started", "finished"], fields.one_of("state", ("started", "finished")))
            return Playback(speech_id=fields.whole("id", largest=MAX_SPEECH_ID), state=state)
        case "voice":
            return ChooseVoice(name=fields.text("name", longest=64), speed=fields.speed())
        case "volume":
            return Volume(percent=fields.whole("percent", largest=100))
        case "wake":
            return Wake(
                word=fields.text("word", longest=64),
                loudness_dbfs=fields.number("loudness_dbfs", smallest=-120.0, largest=0.0),
                score=fields.number("score", smallest=0.0, largest=1.0),
                age_ms=fields.whole("age_ms", largest=MAX_WAKE_AGE_MS),
            )
        case "rung":
            return Rung(reports=tuple(_report(one) for one in fields.objects("alarms", most=MAX_ALARMS)))
        case "sounds":
            return Sounds(digests=tuple(fields.texts("digests", most=MAX_SOUNDS, longest=DIGEST_CHARACTERS)))
        case "music":
            return _music_report(fields)
        case _:
            raise WireError("The protocol has no such message type.")


def _music_report(fields: "_Fields") -> MusicReport:
    return MusicReport(
        track_id=fields.whole("id", largest=LAST_MUSIC_ID),
        state=fields.one_of("state", MUSIC_STATES),
        played_ms=fields.whole("played_ms", largest=MOST_MUSIC_MS),
        waiting_ms=fields.whole("waiting_ms", largest=MOST_MUSIC_WAITING_MS),
        volume=fields.whole("volume", largest=100),
    )


def _report(fields: "_Fields") -> AwayReport:
    report = AwayReport(
        ring_id=fields.text("id", longest=MAX_ALARM_ID),
        what=RungAway(fields.one_of("what", tuple(RungAway))),
        in_seconds=fields.number("in_seconds", smallest=0.0, largest=MAX_SNOOZE_SECONDS),
    )
    fields.finish()
    return report


def _hello(fields: "_Fields") -> Hello:
    version = fields.whole("version", largest=MAX_SPEECH_ID)
    if version != VERSION:
        raise WireError(
            f"This server speaks version {VERSION} of the session protocol; reload the page.", code="wire.wrong_version"
        )
    return Hello(
        version=version,
        is_hands_free=fields.flag("hands_free"),
        is_muted=fields.flag("muted") if "muted" in fields else False,
        voice=fields.text("voice", longest=64) if "voice" in fields else None,
        speed=fields.speed() if "speed" in fields else 1.0,
        is_only_me=fields.flag("only_me") if "only_me" in fields else False,
        has_sounds=fields.flag("sounds") if "sounds" in fields else False,
        has_music=fields.flag("music") if "music" in fields else False,
        has_second_look=fields.flag("second_look") if "second_look" in fields else False,
    )


def _json_object(text: str) -> dict[str, object]:
    _check_nesting(text)
    try:
        found = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise WireError("A message is not valid JSON.") from error
    if not isinstance(found, dict):
        raise WireError("A message is a JSON object.")
    return found


def _check_nesting(text: str) -> None:
    """Refuse deep nesting before parsing; brackets inside strings do not count."""
    depth = deepest = 0
    in_string = is_escaped = False
    for character in text:
        if in_string:
            in_string = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    if deepest > MAX_NESTING:
        raise WireError(f"A message may be nested at most {MAX_NESTING} levels deep.")


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and infinities are no JSON")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


class _Fields:
    """The fields of one message, each taken once and checked; what is left over is an error."""

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def finish(self) -> None:
        if self._values:
            raise WireError("A message has a field that its type does not have.")

    def text(self, name: str, *, longest: int) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            raise WireError(f"The field {name} is a text of 1 to {longest} characters.")
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            raise WireError(f"The field {name} holds half a character.")
        return value

    def objects(self, name: str, *, most: int) -> "list[_Fields]":
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most or not all(isinstance(one, dict) for one in value):
            raise WireError(f"The field {name} is a list of at most {most} objects.")
        return [_Fields(dict(one)) for one in value]

    def texts(self, name: str, *, most: int, longest: int) -> list[str]:
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most:
            raise WireError(f"The field {name} is a list of at most {most} texts.")
        return [_Fields({name: one}).text(name, longest=longest) for one in value]

    def flag(self, name: str) -> bool:
        value = self._take(name)
        if not isinstance(value, bool):
            raise WireError(f"The field {name} is true or false.")
        return value

    def whole(self, name: str, *, largest: int) -> int:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            raise WireError(f"The field {name} is a whole number from 0 to {largest}.")
        return value

    def speed(self) -> float:
        return self.number("speed", smallest=0.5, largest=2.0)

    def number(self, name: str, *, smallest: float, largest: float) -> float:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not smallest <= value <= largest:
            raise WireError(f"The field {name} is a number from {smallest:g} to {largest:g}.")
        return float(value)

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self._take(name)
        if not isinstance(value, str) or value not in allowed:
            raise WireError(f"The field {name} is one of {', '.join(allowed)}.")
        return value

    def _take(self, name: str) -> object:
        if name not in self._values:
            raise WireError(f"The field {name} is missing.")
        return self._values.pop(name)
