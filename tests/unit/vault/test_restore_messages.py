"""Messages, contacts and links after a restore: what waited is not sent, and nothing comes back that was deleted or is over."""

import secrets
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from earwitness.domain.consent import Purpose, Way
from earwitness.domain.contact import Contact
from earwitness.domain.message import UNTOLD, Message, MessageState
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.message_box import MessageBox
from earwitness.people.contacts import Contacts
from earwitness.storage.keys import keys
from earwitness.vault.safe import key_id_of
from tests.unit.links.strange_links import OtherSide, strange_kind
from tests.unit.vault.backed_up import NOON, Household, Opened
from tests.unit.vault.restored_from import RECENT, Source

LINK = "aa" * 16


def box_of(home: Opened) -> MessageBox:
    return MessageBox(
        home.stores.household, safe=home.stores.vault.safe, keeps_for=lambda person_id: timedelta(days=9), clock=home.clock
    )


def message_of(person_id: str, text: str, *, state: MessageState = MessageState.WAITING) -> Message:
    return Message(
        message_id=secrets.token_hex(16),
        person_id=person_id,
        is_incoming=state in (MessageState.NEW, MessageState.READ),
        link_id=LINK,
        address="tom@example.org",
        name="Tom",
        text=text,
        state=state,
        created_at=NOON,
        changed_at=NOON,
    )


def contacts_of(home: Opened) -> Contacts:
    return Contacts(home.stores.household, safe=home.stores.vault.safe, clock=home.clock)


def links_of(home: Opened) -> ConfiguredLinks:
    safe = home.stores.vault.safe
    return ConfiguredLinks(home.stores.household, safe=lambda: safe, kinds=[strange_kind(OtherSide())], clock=home.clock)


def test_what_waited_is_not_sent_by_a_restored_house(tmp_path: Path) -> None:
    house = Household(tmp_path)
    with house.open() as home:
        ada = home.enrol("Ada")
        for number in (1, 2):
            box_of(home).add(
                Message(
                    message_id=f"{number:032x}",
                    person_id=ada,
                    is_incoming=False,
                    link_id=LINK,
                    address="tom@example.org",
                    name="Tom",
                    text=f"number {number}",
                    state=MessageState.WAITING,
                    created_at=NOON + timedelta(seconds=number),
                    changed_at=NOON,
                )
            )
        assert box_of(home).claim(LINK) is not None
    house.backup_data()
    older = house.backup_keys()
    house.lose()
    house.restore(older)
    with house.open() as home:
        box = box_of(home)
        assert {(one.text, one.state) for one in box.of(ada)} == {
            ("number 1", MessageState.UNKNOWN),
            ("number 2", MessageState.UNKNOWN),
        }
        assert box.claim(LINK) is None
        assert box.being_sent() == ()
        house.clock.now += UNTOLD
        box.expire()
        assert box.of(ada) == (), "they do not stay for ever"


@RECENT
def test_what_was_deleted_after_the_backup_stays_deleted(tmp_path: Path, source: Source) -> None:
    house = Household(tmp_path)
    with house.open() as home:
        ada = home.enrol("Ada")
        stays, goes = (box_of(home).add(message_of(ada, text, state=MessageState.NEW)) for text in ("stays", "goes"))
        theirs = [Contact(contact_id="", owner_id=ada, name=name, changed_at=NOON) for name in ("Tom", "Bo")]
        tom, bo = contacts_of(home).add_all(theirs)
        options = {"host": "player.example"}
        first, second = (
            links_of(home).add("strange", name=name, options=options, secrets={"password": "horse"}) for name in ("One", "Two")
        )
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        assert box_of(home).remove([goes.message_id]) == 1
        contacts_of(home).remove(bo.contact_id)
        links_of(home).remove(second.link_id)
    restored = source(house, older)
    assert restored.replayed.revoked == 1
    with house.open() as home:
        assert [one.text for one in box_of(home).of(ada)] == [stays.text]
        assert [one.name for one in contacts_of(home).of(ada)] == [tom.name]
        (link,) = links_of(home).all()
        assert link.name == first.name
        assert links_of(home).seat(link).secret("password") == "horse"
        with home.stores.keys.reading() as connection:
            kept = set(connection.scalars(sa.select(keys.c.key_id)))
        assert key_id_of(f"link/{first.link_id}") in kept
        assert key_id_of(f"link/{second.link_id}") not in kept


@RECENT
def test_texts_follow_what_was_decided_after_the_backup(tmp_path: Path, source: Source) -> None:
    house = Household(tmp_path)
    over = MessageState.DELIVERED
    with house.open() as home:
        ada, ben, cleo = (home.enrol(name) for name in ("Ada", "Ben", "Cleo"))
        for person_id in (ada, ben, cleo):
            box, sent = box_of(home), message_of(person_id, "sent by a way that tells nothing more")
            box.add(message_of(person_id, "over", state=over))
            box.add(sent)
            box.claim(LINK)
            assert box.mark(sent.message_id, MessageState.SENT, is_last=True) is not None
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as home:
        home.consents.decide(ada, Purpose.KEEP, is_given=False, way=Way.TERMINAL)
        day = timedelta(days=1.5).total_seconds()
        home.consents.decide(ben, Purpose.KEEP, is_given=True, way=Way.TERMINAL, retention_seconds=day)
    source(house, older)
    with house.open() as home:
        assert [len(box_of(home).of(one)) for one in (ada, ben, cleo)] == [0, 2, 2]
        house.clock.advance(days=1)
        box_of(home).expire()
        assert [len(box_of(home).of(one)) for one in (ada, ben, cleo)] == [0, 0, 2]
