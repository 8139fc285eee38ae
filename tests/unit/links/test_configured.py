"""Links in the table: options of their kind's shape, secrets sealed and never to be had, gone with the link."""

import dataclasses
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.links.configured import LONGEST_MEMORY, MOST_MEMORIES, ConfiguredLinks
from earwitness.storage.database import Database
from earwitness.vault.household_key import KeyFile
from earwitness.vault.key_ring import KeyRing
from earwitness.vault.safe import Safe
from tests.unit.links.strange_links import OtherSide, StrangeOptions, strange_kind

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = {"password": "correct horse battery"}
OPTIONS = {"host": "player.example"}


@pytest.fixture
def links(tmp_path: Path) -> Iterator[ConfiguredLinks]:
    household, keys = Database(tmp_path / "household.db", chain="household"), Database(tmp_path / "keys.db", chain="keys")
    safe = Safe(KeyRing(keys, KeyFile(tmp_path / "household.key")), clock=lambda: NOW)
    yield ConfiguredLinks(household, safe=lambda: safe, kinds=[strange_kind(OtherSide())], clock=lambda: NOW)
    household.close()
    keys.close()


def holding(folder: Path, text: bytes) -> list[Path]:
    """The files in which the text can be read."""
    return [path for path in folder.iterdir() if text in path.read_bytes()]


def test_a_link_is_kept_with_its_options_and_its_secret_is_only_told_of(links: ConfiguredLinks, tmp_path: Path) -> None:
    made = links.add("strange", name="  Player ", options={**OPTIONS, "rooms": ["Kitchen"]}, secrets=SECRET)
    assert links.all() == (made,)
    assert made.name == "Player"
    assert made.options == {"host": "player.example", "port": 4711, "way": "soft", "rooms": ["Kitchen"]}
    assert made.secrets_set == {"password": NOW}
    assert "horse" not in repr(dataclasses.asdict(made))
    assert not holding(tmp_path, b"horse")
    assert links.options_of(made) == StrangeOptions(host="player.example", rooms=("Kitchen",))
    assert [one.host for one in links.outgoing(made)] == ["player.example:4711"]
    seat = links.seat(made)
    assert (seat.secret("password"), seat.secret("token")) == ("correct horse battery", "")
    assert "horse" not in repr(seat)


@pytest.mark.parametrize(
    ("options", "secrets", "says"),
    [
        ({}, SECRET, "Host: is needed"),
        ({"host": ""}, SECRET, "Host"),
        ({"host": 5}, SECRET, "Host"),
        ({"host": "a" * 201}, SECRET, "Host"),
        ({"host": "a", "port": 70000}, SECRET, "Port: should be less than or equal to 65535"),
        ({"host": "a", "port": "all"}, SECRET, "Port"),
        ({"host": "a", "way": "sideways"}, SECRET, "Way"),
        ({"host": "a", "rooms": "Kitchen"}, SECRET, "Rooms"),
        ({"host": "a", "pass": "x"}, SECRET, "no option"),
        ({"host": "a"}, {}, "Password: is needed"),
        ({"host": "a"}, {"password": ""}, "Password: is needed"),
        ({"host": "a"}, {"password": "x" * 5000}, "Password"),
        ({"host": "a"}, {"password": "a\0b"}, "Password"),
        ({"host": "a"}, {"password": "\ud800"}, "Password"),
        ({"host": "a"}, {"password": "x", "pin": "1"}, "no secret"),
    ],
)
def test_what_is_not_of_the_shape_is_refused_with_the_field(
    links: ConfiguredLinks, options: Mapping[str, object], secrets: Mapping[str, str], says: str
) -> None:
    with pytest.raises(LinkError, match=says) as refused:
        links.add("strange", name="Player", options=options, secrets=secrets)
    assert refused.value.code == "link.invalid"
    assert not links.all()


def test_names_are_taken_once_and_there_are_so_many_of_a_kind(links: ConfiguredLinks) -> None:
    made = [links.add("strange", name=name, options=OPTIONS, secrets=SECRET) for name in ("One", "Two")]
    for name, code in (("oNE", "link.exists"), ("", "link.invalid"), ("x" * 65, "link.invalid")):
        with pytest.raises(LinkError) as refused:
            links.add("strange", name=name, options=OPTIONS, secrets=SECRET)
        assert refused.value.code == code
    with pytest.raises(LinkError) as taken:
        links.change(made[1].link_id, name="one")
    assert taken.value.code == "link.exists"
    links.add("strange", name="Three", options=OPTIONS, secrets=SECRET)
    with pytest.raises(LinkError) as many:
        links.add("strange", name="Four", options=OPTIONS, secrets=SECRET)
    assert many.value.code == "link.too_many"
    with pytest.raises(LinkError) as unknown:
        links.add("carrier pigeon", name="Five", options={}, secrets={})
    assert unknown.value.code == "link.unknown"
    assert links.called("two").link_id == made[1].link_id


def test_changing_keeps_what_is_not_given(links: ConfiguredLinks) -> None:
    made = links.add("strange", name="One", options=OPTIONS, secrets={**SECRET, "token": "t0ken"})
    changed = links.change(made.link_id, options={**OPTIONS, "way": "loud"})
    assert (changed.revision, changed.options["way"], set(changed.secrets_set)) == (2, "loud", {"password", "token"})
    changed = links.change(made.link_id, secrets={"password": "new one"}, is_on=False)
    assert not changed.is_on
    assert links.seat(changed).secrets == {"password": "new one", "token": "t0ken"}
    changed = links.change(made.link_id, secrets={"token": ""})
    assert set(changed.secrets_set) == {"password"}
    with pytest.raises(LinkError, match="Password: is needed"):
        links.change(made.link_id, secrets={"password": ""})
    with pytest.raises(LinkError) as unknown:
        links.change("00" * 16, name="Two")
    assert unknown.value.code == "link.unknown"


def test_a_secret_does_not_go_where_it_was_not_entered_for(links: ConfiguredLinks) -> None:
    made = links.add("strange", name="One", options=OPTIONS, secrets={**SECRET, "token": "t0ken"})
    for given in (None, {}, {"password": "again"}):
        with pytest.raises(LinkError, match="enter it again") as refused:
            links.change(made.link_id, options={"host": "thief.example"}, secrets=given)
        assert refused.value.code == "link.invalid"
    assert links.find(made.link_id) == made
    changed = links.change(made.link_id, options={"host": "other.example"}, secrets={"password": "again", "token": ""})
    assert links.seat(changed).secrets == {"password": "again"}
    assert links.change(made.link_id, options={"host": "other.example", "rooms": ["Den"]}).revision == 3


async def test_a_removed_link_leaves_nothing_that_opens(links: ConfiguredLinks, tmp_path: Path) -> None:
    made = links.add("strange", name="One", options=OPTIONS, secrets=SECRET)
    other = links.add("strange", name="Two", options=OPTIONS, secrets={"password": "two"})
    memory = links.seat(made).memory
    await memory.keep("device", b"abc")
    links.database.scrub()
    copied = sqlite3.connect(tmp_path / "household.db").execute("SELECT * FROM link_secrets WHERE link_id = ?", (made.link_id,))
    row = copied.fetchone()
    assert links.remove(made.link_id).name == "One"
    assert links.all() == (other,)
    assert links.seat(other).secret("password") == "two"
    await memory.keep("device", b"late")
    with sqlite3.connect(tmp_path / "household.db") as database:
        assert database.execute("SELECT count(*) FROM link_memory").fetchone() == (0,)
        again = (made.link_id, "strange", "One", '{"host":"a"}', 1.0, 1.0)  # as an old copy of the data would bring it back
        columns = "link_id, kind, name, options, created_at, changed_at"
        database.execute(f"INSERT INTO links ({columns}) VALUES (?, ?, ?, ?, ?, ?)", again)
        database.execute("INSERT INTO link_secrets VALUES (?, ?, ?, ?)", row)
    with pytest.raises(LinkError, match="enter it again") as lost:
        links.seat(links.find(made.link_id))
    assert lost.value.code == "link.secret"


async def test_a_link_keeps_a_little_sealed(links: ConfiguredLinks, tmp_path: Path) -> None:
    made = links.add("strange", name="One", options=OPTIONS, secrets=SECRET)
    memory = links.seat(made).memory
    assert await memory.get("device") is None
    await memory.keep("device", b"a device key of its own")
    assert await links.seat(made).memory.get("device") == b"a device key of its own"
    assert not holding(tmp_path, b"device key")
    await memory.keep("device", None)
    assert await memory.get("device") is None
    for name, value in (("", b""), ("x" * 100, b""), ("x", bytes(LONGEST_MEMORY + 1))):
        with pytest.raises(LinkError):
            await memory.keep(name, value)
    for number in range(MOST_MEMORIES):
        await memory.keep(str(number), b"1")
    with pytest.raises(LinkError):
        await memory.keep("one more", b"1")


def test_a_link_of_a_kind_that_is_gone_is_listed_and_can_be_removed(links: ConfiguredLinks) -> None:
    made = links.add("strange", name="One", options=OPTIONS, secrets=SECRET)
    without = ConfiguredLinks(links.database, safe=links._safe, kinds=[], clock=lambda: NOW)
    assert without.all() == (made,)
    assert without.outgoing(made) == ()
    with pytest.raises(LinkError):
        without.seat(made)
    assert not without.change(made.link_id, is_on=False).is_on
    without.remove(made.link_id)
    assert not links.all()
