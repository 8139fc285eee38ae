"""Contacts as files: read as phones write them, written so that they are read again, and no file does harm."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.contact import Address, Channel, Contact, Relation
from earwitness.domain.errors import ContactError
from earwitness.people.contacts import MOST_CONTACTS
from earwitness.people.vcards import MOST_BYTES, Imported, read_vcards, without_twins, written_vcards

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA = "a0" * 16


def read(text: str | bytes) -> Imported:
    data = text if isinstance(text, bytes) else text.encode()
    return read_vcards(data, owner_id=ADA, now=NOW, me=ADA)


def card(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def test_a_card_of_a_phone() -> None:
    found = read(
        card(
            "N:Quill;Thomasina;;;",
            "FN:Thomasina Quill",
            "NICKNAME:Tommy,Aunt\\, the tall",
            "item1.TEL;type=CELL;type=VOICE;type=pref:+49 (170) 123-4567",
            "item1.X-ABLabel:_$!<Mobile>!$_",
            'TEL;VALUE=uri;TYPE="work,voice":tel:+49-30-1234;ext=5',
            "EMAIL;TYPE=INTERNET:tom@example.org",
            "IMPP;X-SERVICE-TYPE=Jabber:xmpp:tom@chat.example",
            "IMPP:matrix:u/tom:matrix.example",
            "X-SIP:sip:tom@pbx.example",
            "TEL:not a number",
            "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUJD" * 5000,
            "BDAY:1970-01-01",
            "NOTE:Feeds the cat\\nand the dog.",
        )
    )
    (one,) = found.contacts
    assert (one.name, one.aliases, one.owner_id) == ("Thomasina Quill", ("Tommy", "Aunt, the tall"), ADA)
    assert [(each.channel, each.value, each.label, each.is_preferred) for each in one.addresses] == [
        (Channel.PHONE, "+491701234567", "mobile", True),
        (Channel.PHONE, "+49301234", "work", False),
        (Channel.EMAIL, "tom@example.org", "", False),
        (Channel.XMPP, "tom@chat.example", "", False),
        (Channel.MATRIX, "@tom:matrix.example", "", False),
        (Channel.SIP, "tom@pbx.example", "", False),
    ]
    assert one.note == "Feeds the cat and the dog."


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["N:Quill;Thomasina"], "Thomasina Quill"),
        (["ORG:Plumbers;Berlin"], "Plumbers Berlin"),
        (["NICKNAME:Tommy"], "Tommy"),
        (["FN:A very", "  long name"], "A very long name"),
        (["FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen=", "=20Stra=C3=9Fe"], "Jürgen Straße"),
        (["FN:" + "x" * 150], "x" * 100),
    ],
)
def test_names_as_they_are_written(lines: list[str], name: str) -> None:
    (one,) = read(card(*lines)).contacts
    assert one.name == name


def test_a_card_without_a_name_is_left_out_and_counted() -> None:
    found = read(card("FN:") + card("FN:Ann") + card("TEL:123"))
    assert ([one.name for one in found.contacts], found.left_out) == (["Ann"], 2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff" * 100,
        b"\0" * 1000,
        b"BEGIN:VCARD\nFN:Ann\n",
        b"END:VCARD\n",
        b"BEGIN:VCARD\n" * 1000,
        b"x" * (MOST_BYTES + 1),
    ],
    ids=range(8),
)
def test_what_is_no_file_of_contacts_is_an_error(data: bytes) -> None:
    with pytest.raises(ContactError) as wrong:
        read(data)
    assert wrong.value.code == "contact.unreadable"


def test_too_many_are_refused() -> None:
    with pytest.raises(ContactError) as many:
        read(card("FN:Ann") * (MOST_CONTACTS + 1))
    assert many.value.code == "contact.too_many"


@pytest.mark.parametrize(
    "line",
    [
        ";" * 1_000_000,
        "A" + ";B=" * 300_000 + ":x",
        "FN:" + "\\" * 1_000_000,
        "X:" + " " * 1_000_000,
        "FN" + ";" * 1999 + "x",
        "X;QUOTED-PRINTABLE:" + "x" * 3_000_000 + "=\n" * 1_500_000,
    ],
)
def test_a_hostile_line_costs_little(line: str) -> None:
    began = time.perf_counter()
    (one,) = read(card("FN:Ann", line)).contacts
    assert one.name == "Ann"
    assert time.perf_counter() - began < 20


@given(st.binary(max_size=300))
def test_any_bytes_are_contacts_or_an_error(data: bytes) -> None:
    for whole in (data, b"BEGIN:VCARD\nFN:Ann\n" + data + b"\nEND:VCARD\n"):
        try:
            read(whole)
        except ContactError:
            continue


TEXT = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60)


@given(name=TEXT, alias=TEXT, note=TEXT, digits=st.from_regex(r"\+?[0-9]{2,20}", fullmatch=True))
def test_what_is_written_is_read_again(name: str, alias: str, note: str, digits: str) -> None:
    made = Contact(
        contact_id="",
        owner_id=ADA,
        name=name,
        aliases=(alias,) if alias != name else (),
        relations=(Relation(person_id=ADA, word="mother"), Relation(person_id="be" * 16, word="aunt")),
        addresses=(
            Address(
                channel=Channel.PHONE,
                value=digits if not digits.startswith("00") else f"1{digits[1:]}",
                label="mobile",
                is_preferred=True,
            ),
            Address(channel=Channel.SIP, value="a@b"),
            Address(channel=Channel.XMPP, value="a@b"),
            Address(channel=Channel.EMAIL, value="a@b", label="work"),
            Address(channel=Channel.MATRIX, value="@a:b"),
        ),
        note=note,
        changed_at=NOW,
    )
    text = written_vcards([made, made], me=ADA)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    found = read(text)
    expected = replace(made, relations=made.relations[:1])
    assert found.contacts == (expected, expected)
    assert without_twins(found.contacts, []) == (expected,)
    assert without_twins(found.contacts, [made]) == ()
