"""Strict reading of what the server says to a satellite: every field checked, nothing guessed or skipped. Pure.

The messages are those of `protocol.session_messages` over frames, `audio-chunk` and `renewed` besides. All else is a WireError.
"""

from collections.abc import Callable, Mapping
from typing import Final

from earwitness.domain.errors import WireError
from earwitness.protocol.frames import Frame
from earwitness.protocol.session_messages import (
    CUES,
    DIGEST_CHARACTERS,
    FIRST_MUSIC_ID,
    LAST_MUSIC_ID,
    MAX_SPEECH_ID,
    MAX_SPEECH_SAMPLES,
    SERVER_FIELDS,
    check,
)
from earwitness.satellite.alarms import MOST_ALARMS
from earwitness.satellite.events import ServerSaid
from earwitness.satellite.mixer import HIGHEST_RATE_HZ, LOWEST_RATE_HZ

SOUND: Final = "audio-chunk"
RENEWED: Final = "renewed"
LONGEST_TEXT: Final = 16 * 1024
LONGEST_NAME: Final = 128
LONGEST_ALARM_SECONDS: Final = 400 * 86_400
LONGEST_RUNG_SECONDS: Final = 86_400

_Check = Callable[[object], bool]


def read(frame: Frame) -> ServerSaid:
    """One frame of the server as an event. Raises WireError."""
    if frame.kind == SOUND:
        return _read_sound(frame)
    if frame.payload or "type" in frame.fields:
        raise WireError("Only sound has a payload.")
    if frame.kind == RENEWED:
        _check_fields(frame.kind, frame.fields, dict.fromkeys({"certificate", *frame.fields.keys()}, _is_text(LONGEST_TEXT)))
        if frame.fields.keys() not in ({"certificate"}, {"certificate", "successor", "voucher"}):
            raise WireError("A renewal has wrong fields.")
    else:
        check({"type": frame.kind, **frame.fields})
        _check_fields(frame.kind, frame.fields, _RULES.get(frame.kind, {}))
    return ServerSaid(kind=frame.kind, fields=frame.fields)


def _read_sound(frame: Frame) -> ServerSaid:
    if frame.fields.keys() != _SOUND.keys():
        raise WireError("A chunk of sound has wrong fields.")
    _check_fields(SOUND, frame.fields, _SOUND)
    if not 2 <= len(frame.payload) <= 2 * MAX_SPEECH_SAMPLES or len(frame.payload) % 2:
        raise WireError(f"A chunk of sound holds 1 to {MAX_SPEECH_SAMPLES} whole 16-bit samples.")
    return ServerSaid(kind=SOUND, fields=frame.fields, payload=frame.payload)


def _check_fields(kind: str, fields: Mapping[str, object], rules: Mapping[str, _Check]) -> None:
    wrong = [name for name, is_right in rules.items() if name not in fields or not is_right(fields[name])]
    optional = _OPTIONAL.get(kind, {})
    wrong += [name for name, is_right in optional.items() if name in fields and not is_right(fields[name])]
    if wrong:
        raise WireError(f"The message {kind} has a wrong value in {', '.join(sorted(wrong))}.")


def _is_text(longest: int) -> _Check:
    return lambda value: isinstance(value, str) and len(value) <= longest


def _is_text_or_none(longest: int) -> _Check:
    return lambda value: value is None or _is_text(longest)(value)


def _is_whole(smallest: int, largest: int) -> _Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest


def _is_one_of(*words: object) -> _Check:
    return lambda value: isinstance(value, str | int) and not isinstance(value, bool) and value in words


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == DIGEST_CHARACTERS and set(value) <= set("0123456789abcdef")


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_RUNG_SECONDS


def _are_words(value: object) -> bool:
    """None leaves the device the choice."""
    return isinstance(value, list) and len(value) <= 2 and all(_is_text(LONGEST_NAME)(word) for word in value)


def _are_alarms(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_ALARMS and all(_is_alarm(one) for one in value)


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_ALARMS and all(_is_text(LONGEST_NAME)(one) for one in value)


def _is_alarm(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() - {"sound", "rising"} != {"id", "text", "due_in_seconds"}:
        return False
    if not _is_digest(value.get("sound", "0" * DIGEST_CHARACTERS)) or not _is_flag(value.get("rising", False)):
        return False
    due = value["due_in_seconds"]
    is_due = isinstance(due, int | float) and not isinstance(due, bool) and 0 <= due <= LONGEST_ALARM_SECONDS
    return is_due and _is_text(LONGEST_NAME)(value["id"]) and _is_text(LONGEST_TEXT)(value["text"])


_ID: Final = _is_whole(0, MAX_SPEECH_ID)
_MUSIC: Final = _is_whole(FIRST_MUSIC_ID, LAST_MUSIC_ID)
_RATE: Final = _is_whole(LOWEST_RATE_HZ, HIGHEST_RATE_HZ)
_TEXT: Final = _is_text(LONGEST_TEXT)
_NAME: Final = _is_text(LONGEST_NAME)
_SOUND: Final[Mapping[str, _Check]] = {"rate": _RATE, "width": _is_one_of(2), "channels": _is_one_of(1), "id": _ID}
_RULES: Final[Mapping[str, Mapping[str, _Check]]] = {
    "state": {"state": _is_one_of("asleep", "listening", "thinking", "speaking"), "muted": _is_flag, "capture": _is_flag},
    "cue": {"cue": _is_one_of(*CUES)},
    "capture": {"open": _is_flag},
    "partial": {"text": _TEXT},
    "transcript": {"text": _TEXT},
    "speech": {"id": _ID, "rate_hz": _RATE, "text": _TEXT},
    "speech_end": {"id": _ID},
    "speech_stop": {"id": _ID},
    "alert": {"id": _NAME, "kind": _NAME, "text": _TEXT},
    "alert_end": {"id": _NAME},
    "notice": {"text": _TEXT},
    "settings": {"name": _NAME, "area": _is_text_or_none(LONGEST_NAME), "wake_words": _are_words, "voice": _is_text_or_none(64)},
    "second_look": {"verifier": _is_text_or_none(LONGEST_TEXT)},
    "alarms": {"alarms": _are_alarms},
    "rung_kept": {"ids": _are_ids, "over": _are_ids},
    "volume_wish": {"percent": lambda value: value is None or _is_whole(0, 100)(value), "change": _is_whole(-100, 100)},
    "intercom": {"state": _is_one_of("ringing", "open", "ended"), "peer": _is_text_or_none(LONGEST_NAME)},
    "phrase": {"name": _NAME, "id": _ID, "rate_hz": _RATE, "text": _TEXT},
    "alarm_sound": {"digest": _is_digest, "id": _ID, "rate_hz": _RATE},
    "music": {"id": _MUSIC, "rate_hz": _RATE},
    "music_end": {"id": _MUSIC},
    "music_set": {"paused": _is_flag, "volume": _is_whole(0, 100)},
    "error": {"code": _NAME, "message": _TEXT},
}
"""What this device reads of each message; `session_messages.check` has seen to the names of the fields."""
_OPTIONAL: Final[Mapping[str, Mapping[str, _Check]]] = {
    "alert": {"sound": _is_digest, "rising": _is_flag, "rung_seconds": _is_seconds}
}
"""The same of what a message need not have."""

assert _RULES.keys() <= SERVER_FIELDS.keys()
