"""Writes iCalendar text (RFC 5545): new events and tasks, and changes of a text that leave every other line as it is. Pure."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import icalendar

from earwitness.domain.calendar import Event, Task, When
from earwitness.domain.errors import LinkError

_MAKER: Final = "-//Earwitness//EN"
_FRAME: Final = (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_MAKER}\r\n".encode(), b"END:VCALENDAR\r\n")
_OF_COMPLETION: Final = re.compile(rb"^(STATUS|COMPLETED|PERCENT-COMPLETE|LAST-MODIFIED|DTSTAMP)[;:]", re.IGNORECASE)


def event_block(event: Event, *, now: datetime, beside: bytes = b"") -> bytes:
    """An event as one VEVENT; moments are written in UTC, those of what repeats in their zone, which is described before it
    unless the text `beside` which it will stand does so."""
    block = icalendar.Event()
    block.add("uid", event.event_id)
    block.add("dtstamp", now.astimezone(UTC))
    block.add("summary", event.summary)
    block.add("dtstart", event.starts if event.rule else _utc(event.starts))
    block.add("dtend", event.ends if event.rule else _utc(event.ends))
    if event.rule:
        block.add("rrule", icalendar.vRecur.from_ical(event.rule))
    if event.location:
        block.add("location", event.location)
    _add_alarm(block, event.remind_at, event.summary)
    return _zone_block(event, beside) + bytes(block.to_ical())


def _zone_block(event: Event, beside: bytes) -> bytes:
    key = getattr(event.starts.tzinfo, "key", "") if event.rule and isinstance(event.starts, datetime) else ""
    if not key or key == "UTC" or f"TZID:{key}\r\n".encode() in beside:
        return b""
    return bytes(icalendar.Timezone.from_tzid(key).to_ical())


def task_block(task: Task, *, now: datetime) -> bytes:
    """A task as one VTODO, with a VALARM at `remind_at`; moments are written in UTC."""
    block = icalendar.Todo()
    block.add("uid", task.task_id)
    block.add("dtstamp", now.astimezone(UTC))
    block.add("summary", task.summary)
    block.add("status", "COMPLETED" if task.is_complete else "NEEDS-ACTION")
    if task.due is not None:
        block.add("due", _utc(task.due))
    if task.completed_at is not None:
        block.add("completed", _utc(task.completed_at))
    _add_alarm(block, task.remind_at, task.summary)
    return bytes(block.to_ical())


def rewritten(data: bytes, block: bytes, *, uid: str, names: Iterable[str], has_alarms: bool = False) -> bytes:
    """The text with other properties in the component of that id (not in its exceptions): those called `names` go, and those of
    `block`, a component of the same kind, come. With `has_alarms` its alarms come in the place of those that are there.

    Raises LinkError, link.not_found.
    """
    component = block.splitlines()[0].partition(b":")[2].decode()
    new = next(iter(_blocks(framed(block), component)))
    text = framed(block)
    lines = [text[line.start : line.end] for line in new.own]
    inner = [text[line.start : line.end] for line in new.lines[1:-1] if line not in new.own] if has_alarms else []
    gone = re.compile(rb"^(?:" + b"|".join(name.encode() for name in names) + rb")[;:]", re.IGNORECASE)
    for old in _blocks(data, component):
        if old.uid != uid or any(re.match(rb"RECURRENCE-ID[;:]", line.unfolded, re.IGNORECASE) for line in old.own):
            continue
        kept = [line for line in old.own if not gone.match(line.unfolded)]
        alarms = set(_alarm_lines(old)) if has_alarms else set[_Line]()
        rest = [line for line in old.lines[1:-1] if line not in old.own and line not in alarms]
        parts = [data[line.start : line.end] for line in (old.lines[0], *kept)]
        ends = [data[line.start : line.end] for line in (*rest, old.lines[-1])]
        changed = b"".join([*parts, *lines, *ends[:-1], *inner, ends[-1]])
        return data[: old.start] + changed + data[old.end :]
    raise LinkError("That is not in the calendar any more.", code="link.not_found")


def framed(block: bytes) -> bytes:
    """A calendar of its own with that one block."""
    return _FRAME[0] + block + _FRAME[1]


def with_block(data: bytes, block: bytes) -> bytes:
    """The text with the block as its last; an empty text becomes a calendar. Raises LinkError, link.nonsense."""
    if not data.strip():
        return framed(block)
    ends = [line for line in _lines(data) if line.unfolded.upper() == b"END:VCALENDAR"]
    if not ends:
        raise _nonsense()
    place = ends[-1].start
    return data[:place] + block + data[place:]


def check_frame(data: bytes) -> None:
    """Raises LinkError, link.nonsense, for a text whose components do not end in the order in which they begin."""
    opened: list[bytes] = []
    for line in _lines(data):
        word = line.unfolded.strip().upper()
        if word.startswith(b"BEGIN:"):
            opened.append(word[6:])
        elif (word and not opened) or (word.startswith(b"END:") and opened.pop() != word[4:]):
            raise _nonsense()
    if opened:
        raise _nonsense()


def with_id(data: bytes, component: str, *, uid: str) -> bytes:
    """A calendar of its own with the blocks of that id and the zones that they may name; empty if there is none."""
    found = [data[block.start : block.end] for block in _blocks(data, component) if block.uid == uid]
    zones = [data[block.start : block.end] for block in _blocks(data, "VTIMEZONE")] if found else []
    return framed(b"".join((*zones, *found))) if found else b""


def without(data: bytes, component: str, *, uid: str) -> bytes:
    """The text without every block of that id (an event and its exceptions); the same text if there is none."""
    for block in reversed(list(_blocks(data, component))):
        if block.uid == uid:
            data = data[: block.start] + data[block.end :]
    return data


def without_exception(data: bytes, *, uid: str, is_it: Callable[[Any], bool]) -> bytes:
    """The text without the exceptions (RECURRENCE-ID) of that event whose component `is_it`."""
    for block in reversed(list(_blocks(data, "VEVENT"))):
        if block.uid != uid or not any(re.match(rb"RECURRENCE-ID[;:]", line.unfolded, re.IGNORECASE) for line in block.own):
            continue
        if is_it(icalendar.Event.from_ical(data[block.start : block.end])):
            data = data[: block.start] + data[block.end :]
    return data


def completed(data: bytes, *, uid: str, now: datetime) -> bytes:
    """The text with that task marked as done at `now`. Raises LinkError: link.not_found, link.repeats."""
    for block in _blocks(data, "VTODO"):
        if block.uid != uid:
            continue
        text, stamp = data[block.start : block.end], now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        if any(re.match(rb"(RRULE|RDATE|RECURRENCE-ID)[;:]", line.unfolded, re.IGNORECASE) for line in block.own):
            raise LinkError("That task repeats; tick it off in the calendar's own program.", code="link.repeats")
        kept = [text[line.start - block.start : line.end - block.start] for line in block.lines if not _is_replaced(line, block)]
        done = f"STATUS:COMPLETED\r\nPERCENT-COMPLETE:100\r\nCOMPLETED:{stamp}\r\nLAST-MODIFIED:{stamp}\r\nDTSTAMP:{stamp}\r\n"
        changed = b"".join([kept[0], done.encode(), *kept[1:]])
        return data[: block.start] + changed + data[block.end :]
    raise LinkError("That task is not there any more.", code="link.not_found")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    start: int
    end: int
    unfolded: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """One component right under the calendar: all its lines, and those that are not of a component inside it."""

    start: int
    end: int
    lines: tuple[_Line, ...]
    own: tuple[_Line, ...]

    @property
    def uid(self) -> str:
        for line in self.own:
            if match := re.match(rb"UID(?:;[^:]*)?:(.*)", line.unfolded, re.IGNORECASE | re.DOTALL):
                return str(icalendar.vText.from_ical(match[1].decode("utf-8", "replace")))
        return ""


def _alarm_lines(block: _Block) -> Iterator[_Line]:
    depth = 0
    for line in block.lines[1:-1]:
        word = line.unfolded.strip().upper()
        depth += word == b"BEGIN:VALARM"
        if depth:
            yield line
        depth -= word == b"END:VALARM"


def _is_replaced(line: _Line, block: _Block) -> bool:
    return line in block.own and _OF_COMPLETION.match(line.unfolded) is not None


def _lines(data: bytes) -> Iterator[_Line]:
    """Lines as they are meant: a line that begins with a blank continues the one before (RFC 5545, 3.1)."""
    start, parts = 0, list[bytes]()
    place = 0
    for raw in data.splitlines(keepends=True):
        text = raw.rstrip(b"\r\n").removeprefix(codecs.BOM_UTF8 if place == 0 else b"")
        if parts and text[:1] in (b" ", b"\t"):
            parts.append(text[1:])
        else:
            if parts:
                yield _Line(start=start, end=place, unfolded=b"".join(parts))
            start, parts = place, [text]
        place += len(raw)
    if parts:
        yield _Line(start=start, end=place, unfolded=b"".join(parts))


def _blocks(data: bytes, component: str) -> Iterator[_Block]:
    """The components of that kind right under the calendar."""
    opened: list[bytes] = []
    lines: list[_Line] = []
    own: list[_Line] = []
    for line in _lines(data):
        word = line.unfolded.strip().upper()
        if word.startswith(b"BEGIN:"):
            opened.append(word[6:])
        if len(opened) >= 2:
            lines.append(line)
            if len(opened) == 2 and not word.startswith((b"BEGIN:", b"END:")):
                own.append(line)
        if word.startswith(b"END:") and opened and opened.pop() != word[4:]:
            return
        if len(opened) <= 1 and lines:
            if lines[0].unfolded.strip().upper() == f"BEGIN:{component}".encode():
                yield _Block(start=lines[0].start, end=lines[-1].end, lines=tuple(lines), own=tuple(own))
            lines, own = [], []


def _add_alarm(block: icalendar.Component, at: datetime | None, summary: str) -> None:
    if at is None:
        return
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", at.astimezone(UTC), parameters={"VALUE": "DATE-TIME"})
    block.add_component(alarm)


def _utc(when: When) -> When:
    return when.astimezone(UTC) if isinstance(when, datetime) else when


def _nonsense() -> LinkError:
    return LinkError("What should be a calendar is none (RFC 5545); it was left as it is.", code="link.nonsense")
