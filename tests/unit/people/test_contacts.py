"""Contacts: sealed as a whole, each owner's under a key of their own, in one form, and gone with the person."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.contact import Address, Channel, Contact, Relation, relation_word
from earwitness.domain.errors import ContactError
from earwitness.people import contacts as contacts_module
from earwitness.people.contacts import MOST_ALIASES, Contacts, checked
from earwitness.storage.database import Database
from earwitness.storage.household import people
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import Safe, drawers_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Home:
    """A household of two with contacts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / "household.db", chain="household")
        self.keys = Database(folder / "keys.db", chain="keys")
        self.safe = Safe(KeyRing(self.keys, KeyFile(folder / "household.key")), clock=lambda: NOW)
        self.ada, self.ben = "a0" * 16, "be" * 16
        row = {"passphrase_hash": "none", "created_at": NOW.timestamp()}
        with self.database.writing() as connection:
            for person_id in (self.ada, self.ben):
                ids = dict.fromkeys(("person_id", "name", "name_key", "alias"), person_id)
                connection.execute(sa.insert(people).values(row | ids))
        self.contacts = self.again()

    def again(self) -> Contacts:
        """The contacts, as after a start."""
        return Contacts(self.database, safe=self.safe, clock=lambda: NOW)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.database.close()
    home.keys.close()


def contact(name: str = "Thomasina Quill", *, owner_id: str | None = None, **fields: object) -> Contact:
    made = Contact(contact_id="", owner_id=owner_id, name=name, changed_at=NOW)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_a_contact_comes_back_whole_and_nothing_of_it_is_in_plain(home: Home) -> None:
    given = contact(
        owner_id=home.ada,
        aliases=("Tommy",),
        relations=(Relation(person_id=home.ada, word="Mum"),),
        addresses=(
            Address(channel=Channel.PHONE, value="0049 (170) 123-4567", label="mobile"),
            Address(channel=Channel.XMPP, value="xmpp:quill@chat.example", is_preferred=True),
        ),
        note="Feeds the cat.",
    )
    made = home.contacts.add(given)
    for found in (home.contacts.find(made.contact_id), home.again().find(made.contact_id)):
        assert found == made
    assert [one.value for one in made.addresses] == ["+491701234567", "quill@chat.example"]
    assert made.relations == (Relation(person_id=home.ada, word="mother"),)
    assert [one.channel for one in made.reached_by()] == [Channel.XMPP, Channel.PHONE]
    assert [one.value for one in made.reached_by(Channel.PHONE)] == ["+491701234567"]
    assert made.spoken_names() == ("Thomasina Quill", "Thomasina", "Tommy")
    home.database.scrub()
    for text in (b"Quill", b"quill", b"1701234567", b"Feeds the", b"Tommy"):
        assert not [path for path in home.folder.iterdir() if text in path.read_bytes()]


def test_everybody_sees_their_own_and_the_households(home: Home) -> None:
    for name, owner_id in (("Adas friend", home.ada), ("Bens friend", home.ben), ("Plumber", None)):
        home.contacts.add(contact(name, owner_id=owner_id))
    assert [one.name for one in home.contacts.of(home.ada)] == ["Adas friend", "Plumber"]
    assert [one.name for one in home.contacts.of(home.ben)] == ["Bens friend", "Plumber"]
    assert [one.name for one in home.contacts.of(None)] == ["Plumber"]
    assert [one.name for one in home.contacts.owned_by(home.ada)] == ["Adas friend"]


def test_a_change_is_of_what_was_seen(home: Home) -> None:
    made = home.contacts.add(contact())
    changed = home.contacts.change(replace(made, name="Tamsin Quill"))
    assert changed.revision == 2
    assert home.contacts.find(made.contact_id) == changed == home.again().find(made.contact_id)
    with pytest.raises(ContactError) as late:
        home.contacts.change(replace(made, name="Another"))
    assert late.value.code == "contact.changed"
    home.contacts.remove(made.contact_id)
    for act in (lambda: home.contacts.remove(made.contact_id), lambda: home.contacts.change(changed)):
        with pytest.raises(ContactError) as gone:
            act()
        assert gone.value.code == "contact.unknown"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"name": "a\0b"},
        {"aliases": tuple(str(n) for n in range(MOST_ALIASES + 1))},
        {"addresses": (Address(channel=Channel.PHONE, value="call me"),)},
        {"addresses": (Address(channel=Channel.PHONE, value="1" * 21),)},
        {"addresses": (Address(channel=Channel.SIP, value="anna"),)},
        {"addresses": (Address(channel=Channel.EMAIL, value="a@b c"),)},
        {"addresses": (Address(channel=Channel.MATRIX, value="anna@example.org"),)},
        {"addresses": tuple(Address(channel=Channel.PHONE, value=f"{n + 100}") for n in range(21))},
        {"note": "x" * 501},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_is_no_contact_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ContactError) as refused:
        checked(replace(contact(), **fields))  # type: ignore[arg-type]
    assert refused.value.code == "contact.invalid"


def test_there_are_so_many_and_a_list_is_kept_whole_or_not_at_all(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts_module, "MOST_CONTACTS", 3)
    assert home.contacts.add_all([]) == []
    home.contacts.add_all([contact(f"Friend {n}") for n in range(2)])
    with pytest.raises(ContactError) as many:
        home.contacts.add_all([contact(f"Guest {n}") for n in range(2)])
    assert many.value.code == "contact.too_many"
    with pytest.raises(ContactError):
        home.contacts.add_all([contact("Fine"), contact("")])
    assert len(home.contacts.of(None)) == 2
    home.contacts.add(contact(owner_id=home.ada))


def test_with_its_key_gone_a_contact_opens_no_more_and_can_be_removed(home: Home) -> None:
    made = home.contacts.add(contact(owner_id=home.ada))
    home.contacts.add(contact("Plumber"))
    home.safe.discard(drawers_of(home.ada)[0])
    later = home.again()
    assert [one.name for one in later.of(home.ada)] == ["Plumber"]
    assert (later.unreadable(home.ada), later.unreadable(None)) == (1, 0)
    with pytest.raises(ContactError) as unreadable:
        later.find(made.contact_id)
    assert unreadable.value.code == "contact.unreadable"
    later.remove(made.contact_id)
    assert later.unreadable(home.ada) == 0


def test_who_leaves_takes_their_contacts_and_relations_along(home: Home) -> None:
    home.contacts.add(contact(owner_id=home.ada))
    mothers = (Relation(person_id=home.ada, word="mum"), Relation(person_id=home.ben, word="aunt"))
    shared = home.contacts.add(contact("Aunt Jo", relations=mothers))
    home.contacts.forget_person(home.ada)
    for contacts in (home.contacts, home.again()):
        assert [one.name for one in contacts.of(home.ada)] == ["Aunt Jo"]
        assert contacts.find(shared.contact_id).relations == (Relation(person_id=home.ben, word="aunt"),)


@pytest.mark.parametrize(
    ("spoken", "word"),
    [("Mum", "mother"), ("my mom", "mother"), ("My  Mother", "mother"), ("grandad", "grandfather"), ("neighbour", "neighbour")],
)
def test_relations_have_one_word(spoken: str, word: str) -> None:
    assert relation_word(spoken) == word
