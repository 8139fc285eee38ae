"""An entry of the ledger, or a receipt, in one plain sentence.

Whoever wrote the entry is not trusted: what is shown of it cannot steer a terminal. A kind that is not known is shown as it is.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

Facts = Mapping[str, Any]
_PURPOSES: Final = {
    "keep": "keeping recordings",
    "review": "review by people",
    "hear": "reviewers hearing a disguised voice",
    "train": "training",
    "identify": "recognising the voice",
}
_SCOPES: Final = {
    "turns": "chosen turns",
    "history": "a whole history",
    "person": "everything about a person",
    "expired": "what had expired",
}


def say_entry(entry: Facts) -> str:
    """What an entry says."""
    kind = entry.get("kind")
    if isinstance(kind, str) and kind in _KINDS:
        return _KINDS[kind](entry)
    return f"an entry of the kind {shown(kind)} with {_rest(entry)}"


def say_receipt(statement: Facts) -> str:
    """What a receipt says."""
    keys, sound = statement.get("keys_destroyed"), statement.get("milliseconds")
    seconds = f"{sound / 1000:.1f} s of sound" if _is_count(sound) else "with their sound"
    destroyed = f"{_count(keys, 'key')} destroyed" if _is_count(keys) else "keys destroyed"
    return f"{_recordings(statement, f' ({seconds})')} deleted on {_when(statement)} by {shown(statement.get('by'))}, {destroyed}"


def shown(value: object) -> str:
    """A value as text without control characters."""
    if isinstance(value, str) and value.isprintable():
        return value
    return json.dumps(value)


def _consent(entry: Facts) -> str:
    purpose = _word(_PURPOSES, entry.get("purpose"))
    what = "gave consent to" if entry.get("given") is True else "withdrew consent to"
    objection = ", and objected" if entry.get("objection") is True else ""
    version = shown(entry.get("text_version"))
    return f"on {_when(entry)} somebody {what} {purpose}{objection} (version {version} of the text)"


def _kept(entry: Facts) -> str:
    sound = "with its sound" if entry.get("audio") is True else "as text alone"
    return f"on {shown(entry.get('day'))} the turn {shown(entry.get('recording'))} was kept {sound}"


def _opened(entry: Facts) -> str:
    return f"on {_when(entry)} {_reader(entry)} opened {_what_read(entry)}"


def _refused(entry: Facts) -> str:
    return f"on {_when(entry)} {_reader(entry)} was refused {_what_read(entry)}"


def _closed(entry: Facts) -> str:
    heard = entry.get("milliseconds")
    seconds = f"{heard / 1000:.1f} s of sound went out" if _is_count(heard) else "sound went out"
    return f"on {_when(entry)} the read {shown(entry.get('read'))} ended ({shown(entry.get('result'))}): {seconds}"


def _erased(entry: Facts) -> str:
    scope = _word(_SCOPES, entry.get("scope"))
    return f"on {_when(entry)} {_recordings(entry)} deleted ({scope}); the receipt's digest is {shown(entry.get('receipt'))}"


def _restored(entry: Facts) -> str:
    return f"on {_when(entry)} a backup was restored: {_rest(entry)}"


def _draw_opened(entry: Facts) -> str:
    rate = entry.get("rate_millionths")
    share = f"{rate / 10_000:g} %" if _is_count(rate) else shown(rate)
    seed = shown(entry.get("seed_sha256"))
    return f"on {_when(entry)} the drawing of {shown(entry.get('epoch'))} began, of at most {share}; its seed's digest is {seed}"


def _draw_list(entry: Facts) -> str:
    kept, able = _count(entry.get("kept"), "recording"), shown(entry.get("able"))
    return f"on {_when(entry)} the draw {shown(entry.get('draw'))} listed {kept}, of which {able} may be drawn"


def _draw_made(entry: Facts) -> str:
    drawn = _count(entry.get("drawn"), "recording")
    return f"on {_when(entry)} the draw {shown(entry.get('draw'))} took {drawn}; its seed was {shown(entry.get('seed'))}"


def _annotated(entry: Facts) -> str:
    return f"on {_when(entry)} {_reader(entry)} judged the recording {shown(entry.get('recording'))}"


def _improve_set(entry: Facts) -> str:
    teach, measure = _count(entry.get("teaches"), "recording"), shown(entry.get("measures"))
    return f"on {_when(entry)} the data set {shown(entry.get('number'))} was made: {teach} to learn from, {measure} to measure"


def _improve_promoted(entry: Facts) -> str:
    return f"{shown(entry.get('by'))} promoted version {shown(entry.get('number'))} of what was learned"


def _improve_taken_back(entry: Facts) -> str:
    return (
        f"{shown(entry.get('by'))} took back version {shown(entry.get('number'))} of what was learned: {shown(entry.get('why'))}"
    )


def _improve_retired(entry: Facts) -> str:
    return f"version {shown(entry.get('number'))} was destroyed: somebody deleted or withdrew what it learned from"


_KINDS: Final[dict[str, Callable[[Facts], str]]] = {
    "consent": _consent,
    "kept": _kept,
    "read.opened": _opened,
    "read.refused": _refused,
    "read.closed": _closed,
    "erased": _erased,
    "annotated": _annotated,
    "draw.opened": _draw_opened,
    "draw.list": _draw_list,
    "draw.made": _draw_made,
    "improve.set": _improve_set,
    "improve.promoted": _improve_promoted,
    "improve.taken_back": _improve_taken_back,
    "improve.retired": _improve_retired,
    "restored": _restored,
}


def _reader(entry: Facts) -> str:
    role = shown(entry.get("role"))
    return f"{shown(entry['by'])}, a {role}," if "by" in entry else "the person who spoke" if role == "self" else f"a {role}"


def _what_read(entry: Facts) -> str:
    what = f"the recording {shown(entry['recording'])}" if "recording" in entry else _count(entry.get("recordings"), "recording")
    return f"{what} ({shown(entry.get('medium'))}) for {shown(entry.get('purpose'))}"


def _recordings(facts: Facts, more: str = "") -> str:
    count = facts.get("recordings")
    return f"{_count(count, 'recording')}{more} {'was' if count == 1 else 'were'}"


def _when(entry: Facts) -> str:
    try:
        return f"{datetime.fromisoformat(entry['at']).astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC"
    except (KeyError, TypeError, ValueError, OverflowError):
        return f"a day that is not told ({shown(entry.get('at'))})"


def _word(words: Mapping[str, str], value: object) -> str:
    return words.get(value, shown(value)) if isinstance(value, str) else shown(value)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _count(value: object, noun: str) -> str:
    return f"{shown(value)} {noun}{'' if value == 1 else 's'}"


def _rest(entry: Facts) -> str:
    rest = sorted((name, value) for name, value in entry.items() if name not in ("v", "kind", "at"))
    return ", ".join(f"{shown(name)} {shown(value)}" for name, value in rest) or "nothing more"
