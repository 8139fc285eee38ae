"""Contacts as vCards (RFC 6350; versions 2.1 and 3.0 are read too), in and out. Pure; a file is not trusted.

It is read line by line with bounds on all of it. What has no place here (photographs, birthdays, keys) is left out, never kept.
"""

import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earwitness.domain.contact import Address, Channel, Contact, Relation, relation_word
from earwitness.domain.errors import ContactError
from earwitness.people.contacts import (
    LONGEST_NAME,
    LONGEST_NOTE,
    MOST_ADDRESSES,
    MOST_ALIASES,
    MOST_CONTACTS,
    checked,
)

MOST_BYTES: Final = 8 * 1024 * 1024
"""Photographs make files large; they are skipped."""
LONGEST_LINE: Final = 4 * 1024 * 1024
LONGEST_TEXT: Final = 2_000
"""Characters of a property that is read; a longer one is left out."""
_LINE: Final = re.compile(r"(?:[A-Za-z0-9-]{1,64}\.)?(?P<name>[A-Za-z0-9-]{1,64})(?P<rest>(?:;[^:]*?)?):(?P<value>.*)", re.DOTALL)
_CHANNELS: Final = {"TEL": Channel.PHONE, "EMAIL": Channel.EMAIL, "X-SIP": Channel.SIP, "X-JABBER": Channel.XMPP}
_SCHEMES: Final = {"sip": Channel.SIP, "sips": Channel.SIP, "xmpp": Channel.XMPP, "tel": Channel.PHONE, "mailto": Channel.EMAIL}
_LABELS: Final = ("home", "work", "cell", "mobile", "fax", "pager", "voice", "text")
_SHOWN: Final = {"cell": "mobile", "voice": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file came to. `left_out` counts cards without a usable name; addresses that are none were left out of theirs."""

    contacts: tuple[Contact, ...]
    left_out: int


def read_vcards(data: bytes, *, owner_id: str | None, now: datetime, me: str | None = None) -> Imported:
    """The contacts of a file. `me` is the person to whom relations in it (X-RELATION) are.

    Raises ContactError: contact.unreadable for what is no vCard or too large, contact.too_many.
    """
    if len(data) > MOST_BYTES:
        raise ContactError(f"That file is larger than {MOST_BYTES // 1024 // 1024} MB.", code="contact.unreadable")
    found, left_out, card, depth = list[Contact](), 0, list[tuple[str, str, str]](), 0
    for name, parameters, value in _lines(data):
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            card, depth = [], depth + 1
        elif name == "END" and value.strip().upper() == "VCARD" and depth:
            depth -= 1
            made = _contact(card, owner_id=owner_id, now=now, me=me)
            if made is None:
                left_out += 1
            else:
                found.append(made)
            if len(found) > MOST_CONTACTS:
                raise ContactError(f"That file has more than {MOST_CONTACTS} contacts.", code="contact.too_many")
        elif depth == 1:
            card.append((name, parameters, value))
    if depth or not (found or left_out):
        raise ContactError("That is no file of contacts (vCard), or it was cut off.", code="contact.unreadable")
    return Imported(contacts=tuple(found), left_out=left_out)


def written_vcards(contacts: Sequence[Contact], *, me: str | None = None) -> str:
    """The contacts as vCard 4.0; of relations, those to `me`."""
    return "".join(line for one in contacts for line in _card(one, me=me))


def _lines(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Name, parameters and value of each property; folded lines joined, base64 left alone."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    whole: list[str] = []
    is_quoted = False
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and whole:
            whole.append(line[1:])
            continue
        if is_quoted and whole[-1].endswith("="):
            whole.append("\n" + line)
            continue
        yield from _property("".join(whole))
        whole, is_quoted = [line], _is_quoted_printable(line)
    yield from _property("".join(whole))


def _is_quoted_printable(line: str) -> bool:
    return "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


def _property(line: str) -> Iterator[tuple[str, str, str]]:
    if not line or len(line) > LONGEST_LINE:
        return
    head, colon, _ = line.partition(":")
    if not colon or len(head) > LONGEST_TEXT:
        return
    if (match := _LINE.fullmatch(line)) is not None and len(match["value"]) <= LONGEST_TEXT:
        value = match["value"]
        if _is_quoted_printable(line):
            value = quopri.decodestring(value.encode()).decode("utf-8", errors="replace")
        yield match["name"].upper(), match["rest"].casefold(), value


def _contact(card: Sequence[tuple[str, str, str]], *, owner_id: str | None, now: datetime, me: str | None) -> Contact | None:
    """The contact of one card; None for one without a name that can be kept."""
    name, aliases, note = "", list[str](), ""
    addresses, relations = list[Address](), list[Relation]()
    for key, parameters, value in card:
        match key:
            case "FN":
                name = name or _text(value)
            case "N" if not name:
                family, given, *_ = [*_parts(value), "", ""]
                name = " ".join(part for part in (given, family) if part)
            case "NICKNAME":
                aliases += [_text(part) for part in re.split(r"(?<!\\),", value)]
            case "NOTE":
                note = note or _text(value)[:LONGEST_NOTE]
            case "X-RELATION" if me is not None:
                relations.append(Relation(person_id=me, word=relation_word(_text(value))))
            case "ORG" if not name:
                aliases.append(" ".join(_parts(value)))
            case _:
                addresses += _address(key, parameters, _text(value))
    name = name or next((alias for alias in aliases if alias), "")
    usable = [one for one in addresses if _keeps(one, now)]
    made = Contact(
        contact_id="",
        owner_id=owner_id,
        name=_shown(name),
        aliases=tuple(shown for one in aliases if (shown := _shown(one)) and shown != _shown(name))[:MOST_ALIASES],
        relations=tuple(relations[:1]),
        addresses=tuple(dict.fromkeys(usable))[:MOST_ADDRESSES],
        note=" ".join("".join(char for char in note if char.isprintable() or char.isspace()).split()),
        changed_at=now,
    )
    try:
        return checked(made)
    except ContactError:
        return None


def _address(key: str, parameters: str, value: str) -> Iterator[Address]:
    label = next((word for word in _LABELS if re.search(rf"[;=,\"]{word}\b", parameters)), "")
    is_preferred = re.search(r"[;=,\"]pref\b", parameters) is not None
    channel = _CHANNELS.get(key)
    if key == "IMPP" or (key == "TEL" and ":" in value):
        scheme, _, rest = value.partition(":")
        if scheme.casefold() == "matrix":
            rest = f"@{rest.removeprefix('u/').lstrip('@')}"
            yield Address(channel=Channel.MATRIX, value=rest, label=_SHOWN.get(label, label), is_preferred=is_preferred)
            return
        channel, value = _SCHEMES.get(scheme.casefold()), rest.partition(";")[0]
    if channel is not None:
        yield Address(channel=channel, value=value, label=_SHOWN.get(label, label), is_preferred=is_preferred)


def _keeps(address: Address, now: datetime) -> bool:
    try:
        checked(Contact(contact_id="", owner_id=None, name="x", addresses=(address,), changed_at=now))
    except ContactError:
        return False
    return True


def _shown(name: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in name).split())[:LONGEST_NAME].strip()


def _text(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def _parts(value: str) -> list[str]:
    return [_text(part) for part in re.split(r"(?<!\\);", value)]


def _card(contact: Contact, *, me: str | None) -> Iterator[str]:
    yield "BEGIN:VCARD\r\nVERSION:4.0\r\n"
    yield _folded(f"FN:{_escaped(contact.name)}")
    if contact.aliases:
        yield _folded("NICKNAME:" + ",".join(_escaped(one) for one in contact.aliases))
    for one in contact.addresses:
        yield _folded(_written(one))
    for relation in contact.relations:
        if relation.person_id == me:
            yield _folded(f"X-RELATION:{_escaped(relation.word)}")
    if contact.note:
        yield _folded(f"NOTE:{_escaped(contact.note)}")
    yield "END:VCARD\r\n"


def _written(address: Address) -> str:
    label = {"mobile": "cell"}.get(address.label, address.label)
    parameters = f";TYPE={label}" if label in _LABELS else ""
    parameters += ";PREF=1" if address.is_preferred else ""
    match address.channel:
        case Channel.PHONE:
            return f"TEL{parameters}:{_escaped(address.value)}"
        case Channel.EMAIL:
            return f"EMAIL{parameters}:{_escaped(address.value)}"
        case Channel.MATRIX:
            return f"IMPP{parameters}:matrix:u/{_escaped(address.value.removeprefix('@'))}"
        case Channel.SIP | Channel.XMPP:
            return f"IMPP{parameters}:{address.channel.value}:{_escaped(address.value)}"
        case Channel.OTHER:
            return f"X-OTHER{parameters}:{_escaped(address.value)}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text).replace("\n", "\\n")


def _folded(line: str) -> str:
    """Lines of at most 75 bytes, never cut inside a character (RFC 6350, section 3.2)."""
    pieces, piece = list[str](), ""
    for char in line:
        if len((piece + char).encode()) > 74:
            pieces.append(piece)
            piece = ""
        piece += char
    return "\r\n ".join([*pieces, piece]) + "\r\n"


def without_twins(fresh: Sequence[Contact], known: Sequence[Contact]) -> tuple[Contact, ...]:
    """Those that are not there yet: somebody with the same name and addresses is."""

    def face(one: Contact) -> tuple[str, frozenset[str]]:
        return one.name.casefold(), frozenset(address.value for address in one.addresses)

    seen = {face(one) for one in known}
    found = []
    for one in fresh:
        if face(one) not in seen:
            seen.add(face(one))
            found.append(one)
    return tuple(found)
