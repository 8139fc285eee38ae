"""Things on lists as tasks of iCalendar (VTODO, RFC 5545), there and back. Pure; the text is not trusted."""

from datetime import UTC, datetime
from typing import Any, Final

import icalendar

from earwitness.domain.calendar import LONGEST_SUMMARY
from earwitness.domain.errors import LinkError
from earwitness.links.ical_read import parsed
from earwitness.links.ical_write import framed, rewritten
from earwitness.links.sync.merge import DONE, Fields, Theirs

TEXT: Final = "text"
LIST: Final = "list"
"""The name of the list, where all lists are in one calendar."""
_OF_DONE: Final = ("STATUS", "COMPLETED", "PERCENT-COMPLETE")
_OF_CHANGE: Final = ("LAST-MODIFIED", "DTSTAMP")


def item_fields(text: str, *, is_done: bool, list_name: str | None) -> Fields:
    """The fields of a thing on a list."""
    found = {TEXT: one_line(text), DONE: "1" if is_done else ""}
    return found if list_name is None else {**found, LIST: list_name}


def read_item(data: bytes, *, href: str, etag: str, has_lists: bool, usual_list: str = "") -> Theirs:
    """The task in a text. With `has_lists` its first category is its list, without one `usual_list`."""
    try:
        task = main_component(data, ("VTODO",))
    except LinkError:
        task = None
    if task is None:
        return Theirs(href=href, etag=etag, uid="", fields=None, data=data, note="cannot be read")
    text, uid = one_line(str(task.get("SUMMARY", ""))), str(task.get("UID", ""))
    note = "" if text else "has no name"
    if task.get("RRULE") is not None or task.get("RDATE") is not None:
        note = "repeats, which nothing on a list does here"
    is_done = task.get("COMPLETED") is not None or str(task.get("STATUS", "")).upper() in ("COMPLETED", "CANCELLED")
    list_name = (_category(task) or usual_list) if has_lists else None
    return Theirs(
        href=href,
        etag=etag,
        uid=uid,
        fields=None if note else item_fields(text, is_done=is_done, list_name=list_name),
        is_wanted=not is_done,
        written_at=written_at(task),
        data=data,
        note=f'"{text[:60]}" {note}' if note else "",
    )


def written_item(fields: Fields, *, uid: str, now: datetime) -> bytes:
    """A text with that one task."""
    return framed(_block(fields, names=(TEXT, DONE, LIST), uid=uid, now=now))


def rewritten_item(theirs: Theirs, fields: Fields, *, now: datetime) -> bytes:
    """The text with these fields of the task; everything else in it stays. Raises LinkError."""
    changed = [name for name, value in fields.items() if (theirs.fields or {}).get(name) != value]
    names = [*_OF_CHANGE]
    names += ["SUMMARY"] if TEXT in changed else []
    names += ["CATEGORIES"] if LIST in changed else []
    names += _OF_DONE if DONE in changed else []
    return rewritten(theirs.data, _block(fields, names=changed, uid=None, now=now), uid=theirs.uid, names=names)


def _block(fields: Fields, *, names: tuple[str, ...] | list[str], uid: str | None, now: datetime) -> bytes:
    block, at = icalendar.Todo(), now.astimezone(UTC)
    if uid is not None:
        block.add("uid", uid)
    block.add("dtstamp", at)
    block.add("last-modified", at)
    if TEXT in names:
        block.add("summary", fields[TEXT])
    if LIST in names and LIST in fields:
        block.add("categories", [fields[LIST]])
    if DONE in names:
        block.add("status", "COMPLETED" if fields[DONE] else "NEEDS-ACTION")
        if fields[DONE]:
            block.add("percent-complete", 100)
            block.add("completed", at)
    return bytes(block.to_ical())


def main_component(data: bytes, names: tuple[str, ...]) -> Any:
    """The first component of one of these kinds that is no exception of a series; None if there is none.

    Raises LinkError, link.nonsense or link.too_large.
    """
    for component in parsed(data).subcomponents:
        if component.name in names and component.get("RECURRENCE-ID") is None:
            return component
    return None


def written_at(component: Any) -> datetime | None:
    """When the component says that it was changed last."""
    for name in _OF_CHANGE:
        at = getattr(component.get(name), "dt", None)
        if isinstance(at, datetime):
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return None


def one_line(text: str) -> str:
    """A text as one line that can be said, and not longer than is kept."""
    said = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_SUMMARY])
    return " ".join(said.split())[:LONGEST_SUMMARY].strip()


def _category(task: Any) -> str:
    found = task.get("CATEGORIES")
    for one in found if isinstance(found, list) else [found]:
        for name in getattr(one, "cats", ()):
            if said := one_line(str(name)):
                return said
    return ""
