"""The API of the history: list, search, hear, correct, restrict and delete one's own turns, and how each bad request ends."""

import asyncio
import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from earwitness.domain.consent import Keeps
from earwitness.speech.audio_file import wav_header
from earwitness.storage import database
from earwitness.vault.envelope import CHUNK_BYTES
from tests.houses_kept import NOON, PERSON_COOKIES, KeptHouse, kept_house, sound

HISTORY = "/api/v1/history"
NOWHERE = "0" * 32
SECONDS = 5.0
SPOKEN = sound(SECONDS)
WAV_BYTES = 44 + len(SPOKEN)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


def ids(client: TestClient, **params: Any) -> list[str]:
    answer = client.get(HISTORY, params=params)
    assert answer.status_code == 200, answer.text
    return [turn["turn_id"] for turn in answer.json()["turns"]]


@dataclass
class Heard:
    """A house, and a browser in it whose person listens to one turn of theirs, for requests that change nothing."""

    house: KeptHouse
    client: TestClient
    address: str

    def opened(self) -> int:
        return len(self.house.entries("read.opened"))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    with kept_house(tmp_path_factory.mktemp("heard")) as made:
        anna = made.enrolled()
        turn_id = made.keep(anna, sound=SPOKEN)
        yield Heard(made, made.client(anna), f"{HISTORY}/{turn_id}/audio")


# Reading


def test_kept_turns_are_listed_newest_first_page_by_page(house: KeptHouse) -> None:
    anna = house.enrolled()
    kept = [house.keep(anna, f"turn number {number}") for number in range(5)]
    client = house.client(anna)
    page = client.get(HISTORY, params={"limit": 3}).json()
    assert [turn["turn_id"] for turn in page["turns"]] == kept[:1:-1]
    rest = client.get(HISTORY, params={"limit": 3, "before": page["next_before"]}).json()
    assert [turn["turn_id"] for turn in rest["turns"]] == kept[1::-1]
    assert rest["next_before"] is None


def test_a_turn_says_what_was_heard_understood_done_how_long_and_until_when(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, "turn on the lamp", sound=SPOKEN)
    turn = house.client(anna).get(f"{HISTORY}/{turn_id}").json()
    assert turn["began_at"] == NOON.isoformat()
    assert turn["expires_at"] == (NOON + timedelta(days=7)).isoformat()
    assert (turn["heard"], turn["transcript"], turn["intent"]) == ("turn on the lamp", "turn on the lamp", "HassTurnOn")
    assert (turn["outcome"], turn["reply"], turn["slots"]) == ("done", "Turned on the lamp.", {"name": "Lamp"})
    assert (turn["timings_ms"], turn["audio_seconds"]) == ({"recognise": 12.5}, SECONDS)
    assert (turn["area"], turn["engine"], turn["restricted"], turn["listens"]) == ("Den", "scripted", False, 0)


def test_a_search_finds_turns_with_all_of_its_words(house: KeptHouse) -> None:
    anna = house.enrolled()
    lamp, light = house.keep(anna, "dim the blue lamp"), house.keep(anna, "dim the light")
    client = house.client(anna)
    assert ids(client, search="dim") == [light, lamp]
    assert ids(client, search="BLUE dim") == [lamp]
    assert ids(client, search="dim garage") == []
    assert ids(client, search="?!") == []
    assert ids(client, search="  ") == [light, lamp]


def test_a_range_of_time_is_listed(house: KeptHouse) -> None:
    anna = house.enrolled()
    early, late = house.keep(anna, at=NOON), house.keep(anna, at=NOON + timedelta(hours=13))
    client = house.client(anna)
    assert ids(client, day="2026-03-02") == [early]
    assert ids(client, day="2026-03-03") == [late]
    assert ids(client, day="2026-03-02", zone="Pacific/Honolulu") == [late, early]
    assert ids(client, since=NOON.isoformat(), until=(NOON + timedelta(hours=13)).isoformat()) == [early]
    assert ids(client, since="2026-03-02T13:00:01+01:00") == [late]
    assert ids(client, until="2026-03-02T12:00:01") == [early], "without a zone it is UTC"


def test_what_has_expired_is_not_there_to_the_second(house: KeptHouse) -> None:
    anna = house.enrolled(retention_seconds=60.0)
    turn_id = house.keep(anna, sound=SPOKEN)
    client = house.client(anna)
    house.clock.advance(seconds=59)
    assert ids(client) == [turn_id]
    house.clock.advance(seconds=1)
    assert ids(client) == []
    assert client.get(f"{HISTORY}/{turn_id}").status_code == 404
    assert client.get(f"{HISTORY}/{turn_id}/audio").status_code == 404


def test_every_page_that_was_read_is_on_record_before_it_is_answered(house: KeptHouse) -> None:
    anna = house.enrolled()
    for _ in range(3):
        house.keep(anna)
    house.client(anna).get(HISTORY)
    (entry,) = house.entries("read.opened")
    assert (entry["medium"], entry["purpose"], entry["role"], entry["recordings"]) == ("text", "history", "self", 3)


# Hearing


def test_the_sound_is_a_wav_file_of_what_was_kept(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    answer = house.client(anna).get(f"{HISTORY}/{turn_id}/audio")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert (answer.headers["accept-ranges"], answer.headers["content-length"]) == ("bytes", str(WAV_BYTES))
    assert answer.headers["cache-control"] == "no-store"
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(file.getnframes()) == SPOKEN
    opened, closed = house.entries("read.opened")[-1], house.entries("read.closed")[-1]
    assert (opened["read"], opened["recording"], opened["medium"]) == (closed["read"], turn_id, "audio")
    assert (closed["result"], closed["milliseconds"], closed["ranges"]) == ("served", 5000, [[0, len(SPOKEN)]])


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, WAV_BYTES),
        ("bytes=0-99", 0, 100),
        ("bytes=0-0", 0, 1),
        ("bytes=44-", 44, WAV_BYTES),
        ("bytes=43-44", 43, 45),
        ("bytes=44-44", 44, 45),
        ("bytes=10000-19999", 10_000, 20_000),
        (f"bytes={44 + CHUNK_BYTES - 1}-{44 + CHUNK_BYTES}", 44 + CHUNK_BYTES - 1, 44 + CHUNK_BYTES + 1),
        (f"bytes={44 + CHUNK_BYTES}-{44 + 2 * CHUNK_BYTES - 1}", 44 + CHUNK_BYTES, 44 + 2 * CHUNK_BYTES),
        ("bytes=-1000", WAV_BYTES - 1000, WAV_BYTES),
        ("bytes=-1", WAV_BYTES - 1, WAV_BYTES),
        ("bytes=-999999999", 0, WAV_BYTES),
        (f"bytes={WAV_BYTES - 1}-{WAV_BYTES - 1}", WAV_BYTES - 1, WAV_BYTES),
        (f"bytes={WAV_BYTES - 1}-", WAV_BYTES - 1, WAV_BYTES),
        ("bytes=100-999999999999999", 100, WAV_BYTES),
        ("Bytes=100-199", 100, 200),
    ],
)
def test_a_byte_range_is_that_slice_of_the_whole(heard: Heard, asked: str, start: int, end: int) -> None:
    whole = wav_header(len(SPOKEN), rate_hz=16_000) + SPOKEN
    before = heard.opened()
    part = heard.client.get(heard.address, headers={"range": asked})
    assert part.status_code == 206
    assert part.content == whole[start:end]
    assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{WAV_BYTES}"
    assert part.headers["content-length"] == str(end - start)
    assert heard.opened() == before + (end > 44)
    if end > 44:
        closed = heard.house.entries("read.closed")[-1]
        assert (closed["result"], closed["ranges"]) == ("served", [[max(0, start - 44), end - 44]])


@pytest.mark.parametrize("asked", [f"bytes={WAV_BYTES}-", f"bytes={WAV_BYTES}-{WAV_BYTES + 9}", "bytes=999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_and_opens_nothing(heard: Heard, asked: str) -> None:
    before = heard.opened()
    answer = heard.client.get(heard.address, headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{WAV_BYTES}"
    assert set(answer.json()) == {"code", "message"}
    assert heard.opened() == before


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=0x0-0x9",
        "bytes=1-2-3",
        "bytes=--5",
        "bytes=+1-5",
        "bytes=1 - 5",
        "bytes=" + "9" * 5000 + "-",
        "seconds=0-1",
        "bytes=0-9,20-29",
        "bytes=0-9,",
    ],
    ids=lambda asked: asked[:20],
)
def test_what_is_no_single_range_gives_the_whole_file(heard: Heard, asked: str) -> None:
    answer = heard.client.get(heard.address, headers={"range": asked})
    assert (answer.status_code, len(answer.content)) == (200, WAV_BYTES)
    assert "content-range" not in answer.headers


def test_a_range_of_a_certain_version_gives_the_whole_file(heard: Heard) -> None:
    answer = heard.client.get(heard.address, headers={"range": "bytes=0-9", "if-range": '"some version"'})
    assert (answer.status_code, len(answer.content)) == (200, WAV_BYTES)


def test_asking_for_the_length_or_for_the_header_alone_opens_nothing(house: KeptHouse) -> None:
    anna = house.enrolled()
    client, address = house.client(anna), f"{HISTORY}/{house.keep(anna, sound=SPOKEN)}/audio"
    length = client.head(address)
    assert (length.status_code, length.content) == (200, b"")
    assert (length.headers["content-length"], length.headers["content-type"]) == (str(WAV_BYTES), "audio/wav")
    assert length.headers["accept-ranges"] == "bytes"
    assert client.get(address, headers={"range": "bytes=0-43"}).content.startswith(b"RIFF")
    assert house.entries("read.opened") == []


def test_of_a_turn_whose_words_alone_were_kept_there_is_no_sound(house: KeptHouse) -> None:
    anna = house.enrolled(keeps=Keeps.TEXT)
    turn_id = house.keep(anna, sound=SPOKEN)
    client = house.client(anna)
    for answer in (client.get(f"{HISTORY}/{turn_id}/audio"), client.head(f"{HISTORY}/{turn_id}/audio")):
        assert answer.status_code == 404
    assert client.get(f"{HISTORY}/{turn_id}/audio").json()["code"] == "vault.no_sound"


def test_sound_that_is_not_there_any_more_is_said_before_the_answer_begins(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    house.vault.blobs.remove(turn_id)
    answer = house.client(anna).get(f"{HISTORY}/{turn_id}/audio")
    assert (answer.status_code, answer.json()["code"]) == (404, "vault.not_found")
    assert house.entries("read.closed")[-1]["result"] == "failed"


def test_sound_that_was_altered_is_not_served(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    blob = house.vault.blobs.read(turn_id, 0, 10**9)
    house.vault.blobs.put(turn_id, blob[:100] + bytes([blob[100] ^ 1]) + blob[101:])
    answer = house.client(anna).get(f"{HISTORY}/{turn_id}/audio")
    assert (answer.status_code, answer.json()["code"]) == (500, "vault.sealed_wrong")
    assert house.entries("read.closed")[-1]["result"] == "failed"


async def leave_after(house: KeptHouse, address: str, cookie: str, *, pieces: int) -> bytes:
    """Ask as a server that speaks ASGI would, take so many pieces of the body, and leave; gives what was taken."""
    taken: list[bytes] = []
    has_left = asyncio.Event()
    is_asked = False

    async def receive() -> Message:
        nonlocal is_asked
        if not is_asked:
            is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await has_left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        if message["type"] == "http.response.start" and pieces:
            return
        if message.get("body"):
            taken.append(message["body"])
        if len(taken) >= pieces:
            has_left.set()
            await asyncio.Event().wait()  # nobody reads on, so sending does not end until it is given up

    headers = [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8765),
    }
    async with asyncio.timeout(30):
        await house.app()(scope, receive, send)
    return b"".join(taken)


def cookie_of(house: KeptHouse, person: Any) -> str:
    return f"{PERSON_COOKIES[False]}={house.people.accounts.let_in(person).token}"


@pytest.mark.parametrize("pieces", [1, 2])
async def test_who_leaves_in_mid_audio_is_on_record_with_what_went_out(house: KeptHouse, pieces: int) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    taken = await leave_after(house, f"{HISTORY}/{turn_id}/audio", cookie_of(house, anna), pieces=pieces)
    assert taken[44:] == SPOKEN[: pieces * CHUNK_BYTES]
    closed = house.entries("read.closed")[-1]
    assert (closed["result"], closed["ranges"]) == ("broken_off", [[0, pieces * CHUNK_BYTES]])
    read = house.rights.reads(anna.person_id, turn_id=turn_id)[0]
    assert (read.result, read.ranges, read.closed_position) == (
        "broken_off",
        ((0, pieces * CHUNK_BYTES),),
        house.ledger.size() - 1,
    )


async def test_who_leaves_before_the_first_byte_leaves_no_read_open(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    await leave_after(house, f"{HISTORY}/{turn_id}/audio", cookie_of(house, anna), pieces=0)
    assert len(house.entries("read.opened")) == len(house.entries("read.closed")) == 1
    assert house.vault.listens.unclosed(before=NOON + timedelta(days=1)) == ()


# Another person's turns


ATTEMPTS = [
    ("GET", "", None, True),
    ("GET", "/audio", None, True),
    ("HEAD", "/audio", None, True),
    ("PATCH", "", {"transcript": "mine now"}, True),
    ("PUT", "/restriction", {"restricted": True}, False),
    ("DELETE", "", None, False),
]


@pytest.mark.parametrize(("method", "rest", "body", "is_read"), ATTEMPTS)
def test_another_persons_turn_is_as_if_it_were_not_there_and_the_attempt_is_on_record(
    house: KeptHouse, method: str, rest: str, body: Any, is_read: bool
) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Ben")
    turn_id = house.keep(anna, "a secret of mine", sound=SPOKEN)
    house.keep(ben)
    client = house.client(ben)
    there = client.request(method, f"{HISTORY}/{turn_id}{rest}", json=body)
    nowhere = client.request(method, f"{HISTORY}/{NOWHERE}{rest}", json=body)
    assert there.status_code == nowhere.status_code == 404
    assert there.content == nowhere.content
    refused = house.entries("read.refused")
    assert [(entry["recording"], entry["role"], entry["by"]) for entry in refused] == [(turn_id, "member", ben.alias)] * is_read
    assert house.entries("read.opened") == []
    seen = house.client(anna).get("/api/v1/listens").json()["listens"]
    assert [(read["who"], read["role"], read["result"]) for read in seen] == [(ben.alias, "member", "refused")] * is_read
    turn = house.client(anna).get(f"{HISTORY}/{turn_id}").json()
    assert (turn["transcript"], turn["restricted"], turn["listens"]) == ("a secret of mine", False, 0)


def test_everything_of_one_person_is_nothing_of_another(house: KeptHouse) -> None:
    anna, ben = house.enrolled("Anna"), house.enrolled("Ben")
    hers, his = house.keep(anna, "the lamp of hers"), house.keep(ben, "the lamp of his")
    client = house.client(ben)
    assert ids(client) == [his]
    assert ids(client, search="lamp") == [his]
    assert client.delete(HISTORY, params={"all": True, "confirm": "everything"}).json()["recordings"] == 1
    assert ids(house.client(anna)) == [hers]


# Changing


def test_a_correction_stands_beside_what_was_heard_and_is_found(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, "turn on the lump")
    client = house.client(anna)
    turn = client.patch(f"{HISTORY}/{turn_id}", json={"transcript": "  turn on\n the  lamp "}).json()
    assert (turn["transcript"], turn["heard"], turn["corrected_at"]) == ("turn on the lamp", "turn on the lump", NOON.isoformat())
    assert client.get(f"{HISTORY}/{turn_id}").json() == turn
    assert ids(client, search="lamp") == ids(client, search="lump") == [turn_id]


@pytest.mark.parametrize(
    "body",
    [
        {"transcript": ""},
        {"transcript": "  \n "},
        {"transcript": "a" * 1001},
        {"transcript": "a" * 60_000},
        {"transcript": 7},
        {"transcript": None},
        {"transcript": "a", "heard": "b"},
        {},
        [],
        "text",
        None,
    ],
    ids=lambda body: str(body)[:24],
)
def test_a_correction_that_is_none_is_said(heard: Heard, body: Any) -> None:
    address = heard.address.removesuffix("/audio")
    answer = heard.client.patch(address, json=body)
    assert answer.status_code == 422
    assert set(answer.json()) == {"code", "message"}
    assert heard.client.get(address).json()["corrected_at"] is None


def test_a_turn_is_restricted_and_allowed_again(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id, other = house.keep(anna), house.keep(anna)
    client = house.client(anna)
    for wish in (True, False):
        answer = client.put(f"{HISTORY}/{turn_id}/restriction", json={"restricted": wish})
        assert (answer.status_code, answer.content) == (204, b"")
        assert client.get(f"{HISTORY}/{turn_id}").json()["restricted"] is wish
        assert client.get(f"{HISTORY}/{other}").json()["restricted"] is False


# Deleting


def test_one_turn_is_deleted_for_good(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id, other = house.keep(anna, sound=SPOKEN), house.keep(anna)
    client = house.client(anna)
    erasure = client.delete(f"{HISTORY}/{turn_id}").json()
    assert (erasure["kind"], erasure["recordings"], erasure["seconds"]) == ("turns", 1, SECONDS)
    assert ids(client) == [other]
    for address in (f"{HISTORY}/{turn_id}", f"{HISTORY}/{turn_id}/audio"):
        assert client.get(address).status_code == 404
    again = client.delete(f"{HISTORY}/{turn_id}")
    assert (again.status_code, again.json()["code"]) == (404, "vault.nothing")
    assert house.entries("erased")[-1]["erasure"] == erasure["erasure_id"]
    assert len(house.entries("erased")) == 1


def test_a_range_is_deleted_and_its_end_is_not_part_of_it(house: KeptHouse) -> None:
    anna = house.enrolled()
    times = [NOON + timedelta(minutes=minute) for minute in range(4)]
    kept = [house.keep(anna, at=at) for at in times]
    client = house.client(anna)
    answer = client.delete(HISTORY, params={"since": times[1].isoformat(), "until": times[3].isoformat()})
    assert answer.json()["recordings"] == 2
    assert ids(client) == [kept[3], kept[0]]
    assert client.delete(HISTORY, params={"since": times[3].isoformat()}).json()["recordings"] == 1
    assert client.delete(HISTORY, params={"until": times[1].isoformat()}).json()["recordings"] == 1


@pytest.mark.parametrize(
    ("day", "zone", "first", "last"),
    [
        ("2026-03-29", "Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("2026-10-25", "Europe/Berlin", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("2026-03-08", "America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("2026-11-01", "America/Havana", datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)),
        ("2026-03-08", "America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("2026-06-01", "UTC", datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)),
    ],
    ids=["23 hours", "25 hours", "23 hours in the west", "midnight twice", "midnight never", "24 hours"],
)
def test_a_day_is_that_day_where_one_lives(house: KeptHouse, day: str, zone: str, first: datetime, last: datetime) -> None:
    anna = house.enrolled()
    second = timedelta(seconds=1)
    before, *within, after = (house.keep(anna, at=at) for at in (first - second, first, last - second, last))
    client = house.client(anna)
    assert ids(client, day=day, zone=zone) == within[::-1]
    assert client.delete(HISTORY, params={"day": day, "zone": zone}).json()["recordings"] == 2
    assert ids(client) == [after, before]


def test_everything_is_deleted_only_when_it_is_confirmed(house: KeptHouse) -> None:
    anna = house.enrolled()
    kept = [house.keep(anna, sound=SPOKEN), house.keep(anna)]
    client = house.client(anna)
    for query in ("all=true", "all=true&confirm=yes", "all=true&confirm="):
        answer = client.delete(f"{HISTORY}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "history.unconfirmed")
    assert ids(client) == kept[::-1]
    erasure = client.delete(HISTORY, params={"all": True, "confirm": "everything"}).json()
    assert (erasure["kind"], erasure["recordings"]) == ("history", 2)
    assert ids(client) == []
    assert house.rights.keeping(anna.person_id) is not None, "what is said from now on is kept as before"
    assert ids(client) != [house.keep(anna)] == ids(client)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"confirm": "everything"},
        {"all": False},
        {"all": True, "confirm": "everything", "day": "2026-03-02"},
        {"all": True, "confirm": "everything", "since": "2026-03-02T00:00:00Z"},
        {"day": "2026-03-02", "since": "2026-03-02T00:00:00Z"},
        {"zone": "Europe/Berlin"},
    ],
    ids=str,
)
def test_a_deletion_must_say_what(heard: Heard, params: dict[str, Any]) -> None:
    answer = heard.client.delete(HISTORY, params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "history.invalid")
    assert len(ids(heard.client)) == 1


def test_deleting_what_is_not_there_is_said(house: KeptHouse) -> None:
    client = house.client(house.enrolled())
    for query in ("day=2001-01-01", "all=true&confirm=everything"):
        answer = client.delete(f"{HISTORY}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (404, "vault.nothing")


# Hostile requests, and a ledger that cannot write


@pytest.mark.parametrize(
    "turn_id",
    [
        "0" * 31,
        "0" * 33,
        "G" * 32,
        "A" * 32,
        "..%2f..%2fkeys",
        "%00" * 32,
        "%0a" * 32,
        "0" * 31 + "%0a",
        "x" * 5000,
        "%d9%a0" * 32,
    ],
    ids=lambda turn_id: turn_id[:12],
)
@pytest.mark.parametrize(("method", "rest", "body", "_"), ATTEMPTS)
def test_an_id_that_is_none_is_said(heard: Heard, turn_id: str, method: str, rest: str, body: Any, _: bool) -> None:
    answer = heard.client.request(method, f"{HISTORY}/{turn_id}{rest}", json=body)
    assert answer.status_code in (404, 422)
    if method != "HEAD":
        assert set(answer.json()) == {"code", "message"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=999999999999999999999999",
        "limit=1.5",
        "limit=many",
        "limit=",
        "before=-1",
        "before=9999999999999999999",
        "before=first",
        "search=" + "a" * 501,
        "day=2026-02-30",
        "day=2026-13-01",
        "day=yesterday",
        "day=0000-01-01",
        "day=",
        "since=soon",
        "since=2026-03-02T25:00:00",
        "since=inf",
        "until=nan",
        "day=2026-03-02&zone=Nowhere/Atlantis",
        "day=2026-03-02&zone=../../etc/passwd",
        "day=2026-03-02&zone=/etc/passwd",
        "day=2026-03-02&zone=Europe",
        "day=2026-03-02&zone=",
        "day=2026-03-02&zone=%00",
        "day=2026-03-02&zone=%ED%A0%80",
        "day=2026-03-02&zone=" + "a" * 65,
        "day=2026-03-02&since=2026-03-02T00:00:00Z",
    ],
)
def test_a_query_that_is_none_is_said(heard: Heard, query: str) -> None:
    for answer in (heard.client.get(f"{HISTORY}?{query}"), heard.client.delete(f"{HISTORY}?{query}")):
        assert answer.status_code == 422, answer.text
        assert set(answer.json()) == {"code", "message"}
        assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize(
    "query",
    [
        "day=9999-12-31",
        "day=0001-01-01",
        "day=9999-12-31&zone=Pacific/Kiritimati",
        "day=0001-01-01&zone=Pacific/Kiritimati",
        "since=9999-12-31T23:59:59-23:59",
        "until=0001-01-01T00:00:00%2B23:59",
        "since=2026-03-03T00:00:00Z&until=2026-03-02T00:00:00Z",
        "search=%ED%A0%80%ff%00",
        "search=" + "%F0%9F%92%A1" * 100,
        "search=%25_%27%22--",
        "before=9007199254740992",
        "unknown=1",
    ],
)
def test_a_query_from_the_edge_of_time_and_text_is_answered(heard: Heard, query: str) -> None:
    answer = heard.client.get(f"{HISTORY}?{query}")
    assert answer.status_code == 200, answer.text


def test_while_the_ledger_cannot_write_nothing_is_given_and_nothing_changes(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, "a canary in the mine", sound=SPOKEN)
    client, size = house.client(anna), house.ledger.size()
    with house.without_ledger():
        for answer in (
            client.get(HISTORY),
            client.get(HISTORY, params={"search": "canary"}),
            client.get(f"{HISTORY}/{turn_id}"),
            client.get(f"{HISTORY}/{turn_id}/audio"),
            client.get(f"{HISTORY}/{turn_id}/audio", headers={"range": "bytes=100-199"}),
            client.patch(f"{HISTORY}/{turn_id}", json={"transcript": "another bird"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "ledger.unavailable")
            assert b"canary" not in answer.content
            assert len(answer.content) < 1000
    assert house.ledger.size() == size
    assert client.get(f"{HISTORY}/{turn_id}").json()["corrected_at"] is None
    assert client.get(f"{HISTORY}/{turn_id}/audio").content[44:] == SPOKEN


def test_deleting_does_not_wait_for_the_ledger_and_the_receipt_follows(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, sound=SPOKEN)
    client = house.client(anna)
    with house.without_ledger():
        erasure = client.delete(f"{HISTORY}/{turn_id}").json()
        assert erasure["position"] is None
        assert client.get(f"{HISTORY}/{turn_id}/audio").status_code == 404
        receipt = client.get(f"/api/v1/receipts/{erasure['erasure_id']}")
        assert (receipt.status_code, receipt.json()["code"]) == (503, "vault.no_receipt")
    house.rights.upkeep()
    assert client.get(f"/api/v1/receipts/{erasure['erasure_id']}").json()["receipt"]["recording_ids"] == [turn_id]


def test_ones_own_judgement_is_kept_with_the_turn_and_in_the_ledger(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, "turn on the lump")
    said = {"transcript": "turn on the lamp", "intent": "HassTurnOn", "slots": {"name": "lamp"}}
    turn = house.client(anna).post(f"{HISTORY}/{turn_id}/judgement", json=said).json()
    assert (turn["transcript"], turn["heard"]) == ("turn on the lamp", "turn on the lump")
    (entry,) = house.entries("annotated")
    assert (entry["recording"], entry["role"], "by" in entry) == (turn_id, "self", False)
    (judged,) = house.rights.recording(anna.person_id, turn_id).annotations
    assert (judged.by, judged.intent, dict(judged.slots)) == ("self", "HassTurnOn", {"name": "lamp"})


def test_a_false_wake_is_marked_and_the_words_stay(house: KeptHouse) -> None:
    anna = house.enrolled()
    turn_id = house.keep(anna, "and then she said")
    turn = house.client(anna).post(f"{HISTORY}/{turn_id}/judgement", json={"false_wake": True}).json()
    assert turn["transcript"] == "and then she said"
    assert house.entries("annotated")[0]["labels"] == ["false_wake"]
    assert house.client(anna).post(f"{HISTORY}/{turn_id}/judgement", json={}).status_code == 422


def test_nobody_judges_what_another_said(house: KeptHouse) -> None:
    anna, ben = house.enrolled(), house.enrolled("Ben")
    turn_id = house.keep(anna)
    assert house.client(ben).post(f"{HISTORY}/{turn_id}/judgement", json={"transcript": "mine"}).status_code == 404
    assert not house.entries("annotated")
