"""What is said to a calendar server in XML and what it answers (RFC 4918, RFC 4791). Pure; answers are not trusted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

from earwitness.domain.errors import LinkError

SPACES: Final = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
_DAV: Final = "{DAV:}"
_CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
_SERVER: Final = "{http://calendarserver.org/ns/}"
_WRITING: Final = frozenset({"{DAV:}all", "{DAV:}write", "{DAV:}write-content", "{DAV:}bind"})
MOST_RESOURCES: Final = 10_000

WHERE: Final = (
    f"<D:propfind {SPACES}><D:prop><D:resourcetype/><D:displayname/><C:supported-calendar-component-set/>"
    "<D:current-user-principal/><C:calendar-home-set/><D:current-user-privilege-set/>"
    "<S:getctag/></D:prop></D:propfind>"
).encode()
"""Asks what a place is, and where the calendars of whoever asks are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing on the server. `principal` and `home` are addresses as it wrote them, else empty."""

    href: str
    is_calendar: bool = False
    name: str = ""
    components: tuple[str, ...] = ()
    """What it takes (VEVENT, VTODO); a server that does not say takes all."""
    is_writable: bool = True
    principal: str = ""
    home: str = ""
    etag: str = ""
    tag: str = ""
    """Of a calendar: changes whenever something in it does."""
    status: int = 0
    """What is said of the whole, where that is not said of its properties."""
    data: bytes = b""


def query(component: str, inner: str = "") -> bytes:
    """A report of the objects with that component, as far as `inner` (filters) lets them through."""
    return (
        f"<C:calendar-query {SPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">{inner}</C:comp-filter></C:comp-filter>'
        "</C:filter></C:calendar-query>"
    ).encode()


def within(start: datetime, end: datetime) -> str:
    """The filter for what happens between two moments."""
    return f'<C:time-range start="{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" end="{end.astimezone(UTC):%Y%m%dT%H%M%SZ}"/>'


def with_id(uid: str) -> str:
    """The filter for an id; servers may let through those that contain it."""
    return f'<C:prop-filter name="UID"><C:text-match collation="i;octet">{escape(uid)}</C:text-match></C:prop-filter>'


NOT_COMPLETED: Final = '<C:prop-filter name="COMPLETED"><C:is-not-defined/></C:prop-filter>'


def resources(body: bytes) -> list[Resource]:
    """What a multi-status answer tells of. Raises LinkError, link.nonsense or link.too_large."""
    # Entities are not resolved, so that nothing outside is read and nothing small unpacks into something huge.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _nonsense() from error
    if root is None or root.tag != f"{_DAV}multistatus" or root.getroottree().docinfo.doctype:
        raise _nonsense()
    found: list[Resource] = []
    for response in root.iterfind(f"{_DAV}response"):
        if len(found) >= MOST_RESOURCES:
            raise LinkError("The calendar server lists more than can be read.", code="link.too_large")
        found.append(_resource(response))
    return found


def _resource(response: Any) -> Resource:
    props = [prop for stat in response.iterfind(f"{_DAV}propstat") if _is_ok(stat) for prop in stat.iterfind(f"{_DAV}prop")]
    kinds = {child.tag for kind in _all(props, f"{_DAV}resourcetype") for child in kind}
    components = [c.get("name", "") for c in _all(props, f"{_CALDAV}supported-calendar-component-set/{_CALDAV}comp")]
    rights = [child.tag for right in _all(props, f"{_DAV}current-user-privilege-set/{_DAV}privilege") for child in right]
    return Resource(
        href=_text(response.find(f"{_DAV}href")),
        is_calendar=f"{_CALDAV}calendar" in kinds,
        name="".join(filter(str.isprintable, " ".join(_first(props, f"{_DAV}displayname").split())))[:100],
        components=tuple(component.upper() for component in components),
        is_writable=not rights or not _WRITING.isdisjoint(rights),
        principal=_first(props, f"{_DAV}current-user-principal/{_DAV}href"),
        home=_first(props, f"{_CALDAV}calendar-home-set/{_DAV}href"),
        etag=_first(props, f"{_DAV}getetag"),
        tag=_first(props, f"{_SERVER}getctag")[:500],
        status=_status(response),
        data=_first(props, f"{_CALDAV}calendar-data").encode(),
    )


def _status(response: Any) -> int:
    parts = _text(response.find(f"{_DAV}status")).split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() and len(parts[1]) == 3 else 0


def _is_ok(stat: Any) -> bool:
    return " 200" in _text(stat.find(f"{_DAV}status"))


def _all(props: list[Any], path: str) -> Iterator[Any]:
    return (found for prop in props for found in prop.iterfind(path))


def _first(props: list[Any], path: str) -> str:
    return _text(next(_all(props, path), None))


def _text(element: Any) -> str:
    return "" if element is None else str(element.text or "").strip()


def _nonsense() -> LinkError:
    return LinkError("What answers at the calendar's address is no calendar server; check the address.", code="link.nonsense")
