"""Alarms, reminders, timers, lists and the calendar by the API: set as one says it, asked back, changed, hidden, taken away."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import soundfile
from starlette.testclient import TestClient

from earwitness.domain.account import AccountRole
from earwitness.domain.alert import Place
from earwitness.domain.quiet import Quiet
from earwitness.domain.satellite import Station
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.quiet import Quiets
from earwitness.ringing.scores import sound as ringing_sound
from tests.houses_kept import NOON, PASSPHRASE, KeptHouse, kept_house

ALERTS, LISTS, CALENDAR = "/api/v1/alerts", "/api/v1/lists", "/api/v1/calendar"
QUIET = "/api/v1/quiet"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KeptHouse, TestClient]]:
    """One house for all tests here, with its owner in a browser: passphrases take long."""
    with kept_house(tmp_path_factory.mktemp("house")) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made, made.client(made.people.add("Olga", passphrase=PASSPHRASE, role=AccountRole.OWNER))


@pytest.fixture
def house(whole: tuple[KeptHouse, TestClient]) -> KeptHouse:
    """The house with nothing planned."""
    made, _ = whole
    made.clock.now = NOON
    made.acknowledged.clear()
    alerts, lists = Alerts(made.database, clock=made.clock), Lists(made.database)
    alerts.remove(one.alert_id for one in alerts.all())
    for name in lists.names():
        lists.forget(name)
    (made.folder / "calendar.ics").unlink(missing_ok=True)
    return made


@pytest.fixture
def owner(house: KeptHouse, whole: tuple[KeptHouse, TestClient]) -> TestClient:
    return whole[1]


def made(client: TestClient, **given: Any) -> dict[str, Any]:
    answer = client.post(ALERTS, json=given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["question"] is None, answer.text
    found: dict[str, Any] = answer.json()["alert"]
    return found


def test_what_may_be_two_times_is_asked_and_each_choice_is_one(owner: TestClient) -> None:
    asked = owner.post(ALERTS, json={"kind": "alarm", "when": "every weekday at 6:45"}).json()
    assert asked["alert"] is None
    assert set(asked["question"]["choices"]) == {"every weekday at 6:45 AM", "every weekday at 6:45 PM"}
    assert owner.get(ALERTS).json()["alerts"] == []
    alarm = made(owner, kind="alarm", when="every weekday at 6:45 AM", name="work", area="Den")
    assert (alarm["when"], alarm["next_in_words"]) == ("every weekday at 6:45 AM", "tomorrow at 6:45 AM")
    assert (alarm["is_recurring"], alarm["area"], alarm["name"]) == (True, "Den", "work")
    for words, question in {
        "gibberish": "I do not know what time that is. ",
        "every Tuesday": "At what time every Tuesday?",
    }.items():
        told = owner.post(ALERTS, json={"kind": "alarm", "when": words}).json()["question"]["text"]
        assert told.startswith(question)
    over = owner.post(ALERTS, json={"kind": "alarm", "when": "yesterday at noon"})
    assert (over.status_code, over.json()["code"]) == (422, "alert.invalid")


@pytest.mark.parametrize("kind", ["alarm", "reminder", "timer"])
def test_where_one_rings_is_changed(owner: TestClient, kind: str) -> None:
    when = "10 minutes" if kind == "timer" else "tomorrow at 6:45 am"
    path = f"{ALERTS}/{made(owner, kind=kind, when=when, text='tea')['id']}"
    assert owner.patch(path, json={"area": "Den"}).json()["alert"]["area"] == "Den"
    assert owner.patch(path, json={"area": "Moon"}).json()["code"] == "alert.invalid"
    assert owner.patch(path, json={"area": ""}).json()["alert"]["area"] is None


def test_an_alarm_is_changed_skipped_switched_off_and_removed(owner: TestClient) -> None:
    path = f"{ALERTS}/{made(owner, kind='alarm', when='every weekday at 6:45 am')['id']}"
    assert owner.patch(path, json={"when": "7:30 am"}).json()["alert"]["when"] == "every weekday at 7:30 AM"
    skipped = owner.patch(path, json={"is_next_skipped": True}).json()["alert"]
    assert (skipped["skipped"], skipped["next_in_words"]) == ("tomorrow at 7:30 AM", "on Wednesday at 7:30 AM")
    assert owner.patch(path, json={"is_next_skipped": False}).json()["alert"]["next_in_words"] == "tomorrow at 7:30 AM"
    off = owner.patch(path, json={"is_on": False}).json()["alert"]
    assert (off["is_on"], off["next_at"]) == (False, None)
    assert owner.patch(path, json={"is_on": True, "name": "work"}).json()["alert"]["name"] == "work"
    assert owner.patch(path, json={"when": "at 8"}).json()["question"]["text"] == "8 in the morning or in the evening?"
    assert owner.delete(path).status_code == 204
    assert owner.delete(path).json()["code"] == "alert.unknown"


def test_a_reminder_is_its_persons_and_the_adults(house: KeptHouse, owner: TestClient) -> None:
    roles = {
        role: house.people.add(role.value, passphrase=PASSPHRASE, role=role) for role in (AccountRole.ADULT, AccountRole.GUEST)
    }
    guardian_id = house.people.named("Olga").person_id
    kim = house.client(house.people.add("Kim", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=guardian_id))
    adult, guest = (house.client(person) for person in roles.values())
    hers = made(owner, kind="reminder", when="tomorrow at noon", text="call Bob")
    assert hers["whose"] == "Olga"
    his = made(kim, kind="reminder", when="tomorrow at 4 pm", text="homework")
    everyones = made(guest, kind="reminder", when="good night", text="lock the door", is_for_everyone=True)
    assert everyones["when"] == "when you say good night"
    seen = {
        who: {one["text"] for one in client.get(ALERTS).json()["alerts"]}
        for who, client in {"owner": owner, "adult": adult, "kim": kim, "guest": guest}.items()
    }
    assert seen["owner"] == seen["adult"] == {"call Bob", "homework", "lock the door"}
    assert (seen["kim"], seen["guest"]) == ({"homework", "lock the door"}, {"lock the door"})
    for client in (kim, guest):
        assert client.patch(f"{ALERTS}/{hers['id']}", json={"is_on": False}).status_code == 404
        assert client.delete(f"{ALERTS}/{hers['id']}").status_code == 404
    assert adult.delete(f"{ALERTS}/{his['id']}").status_code == 204
    assert owner.post(ALERTS, json={"kind": "reminder", "when": "at noon"}).json()["question"]["text"] == "Of what?"


def test_a_timer_runs_pauses_and_gets_more_time(house: KeptHouse, owner: TestClient) -> None:
    assert owner.post(ALERTS, json={"kind": "timer", "when": "blue"}).json()["question"]["text"].startswith("For how long?")
    timer = made(owner, kind="timer", when="10", name="pasta")
    assert (timer["seconds_left"], timer["when"], timer["is_paused"]) == (600, "10 minutes", False)
    path = f"{ALERTS}/{timer['id']}"
    house.clock.advance(minutes=4)
    paused = owner.patch(path, json={"is_paused": True}).json()["alert"]
    assert (paused["seconds_left"], paused["is_paused"]) == (360, True)
    house.clock.advance(minutes=4)
    assert owner.patch(path, json={"is_paused": False, "more_seconds": 60}).json()["alert"]["seconds_left"] == 420
    assert owner.patch(path, json={"more_seconds": -600}).json()["code"] == "alert.invalid"
    assert owner.delete(path).status_code == 204


def test_a_timer_rings_in_the_room_that_is_chosen_or_everywhere(house: KeptHouse, owner: TestClient) -> None:
    in_den, everywhere = made(owner, kind="timer", when="10", area="Den"), made(owner, kind="timer", when="20")
    assert (in_den["area"], everywhere["area"]) == ("Den", None)
    assert owner.patch(f"{ALERTS}/{in_den['id']}", json={"more_seconds": 60}).json()["alert"]["area"] == "Den"
    kept = {one.alert_id: (one.place, one.area) for one in Alerts(house.database, clock=house.clock).all()}
    assert kept == {in_den["id"]: (Place.ROOM, "Den"), everywhere["id"]: (Place.HOUSE, None)}
    unknown = owner.post(ALERTS, json={"kind": "timer", "when": "10", "area": "Moon"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "alert.invalid")


def test_what_rings_is_shown_and_stopped(house: KeptHouse, owner: TestClient) -> None:
    alarm = made(owner, kind="alarm", when="in 5 minutes")
    house.clock.advance(minutes=5)
    (claim,) = Alerts(house.database, clock=house.clock).claim(house.clock())
    assert owner.get(ALERTS).json()["alerts"][0]["is_ringing"]
    owner.patch(f"{ALERTS}/{alarm['id']}", json={"is_ringing": False})
    assert house.acknowledged == [claim.ring.ring_id]
    Alerts(house.database, clock=house.clock).snooze(claim.ring, until=house.clock() + timedelta(minutes=9))
    assert owner.get(ALERTS).json()["alerts"][0]["is_snoozed"]
    assert owner.patch(f"{ALERTS}/{alarm['id']}", json={"is_ringing": False}).status_code == 404, "it is over and forgotten"


def test_a_list_from_its_name_to_its_end(owner: TestClient) -> None:
    assert [(one["name"], one["is_fixed"]) for one in owner.get(LISTS).json()["lists"]] == [("shopping list", True)]
    assert owner.post(LISTS, json={"name": "camping"}).status_code == 201
    assert owner.post(LISTS, json={"name": "Camping list"}).json()["code"] == "list.exists"
    assert owner.post(LISTS, json={"name": "a/b"}).json()["code"] == "list.invalid"
    items = owner.post(f"{LISTS}/camping/items", json={"text": "tent, stove and rope"}).json()["items"]
    assert [one["text"] for one in items] == ["tent", "stove", "rope"]
    path = f"{LISTS}/camping/items/{items[0]['id']}"
    assert owner.patch(path, json={"is_complete": True, "text": "big tent"}).json()["items"][0] == {
        "id": items[0]["id"],
        "text": "big tent",
        "is_complete": True,
    }
    assert not owner.patch(path, json={"is_complete": False}).json()["items"][0]["is_complete"]
    assert owner.delete(path).status_code == 204
    assert owner.patch(path, json={"is_complete": True}).json()["code"] == "list.unknown"
    owner.patch(f"{LISTS}/camping/items/{items[1]['id']}", json={"is_complete": True})
    left = owner.delete(f"{LISTS}/camping/items", params={"done": True}).json()["items"]
    assert [one["text"] for one in left] == ["rope"]
    assert owner.patch(f"{LISTS}/camping", json={"name": "holiday"}).json()["name"] == "holiday"
    assert owner.delete(f"{LISTS}/holiday").status_code == 204
    assert owner.delete(f"{LISTS}/holiday").json()["code"] == "list.unknown"
    assert owner.delete(f"{LISTS}/shopping list").json()["code"] == "list.fixed"


def test_an_event_is_added_told_and_taken_out(house: KeptHouse, owner: TestClient) -> None:
    asked = owner.post(CALENDAR, json={"summary": "dentist", "when": "tomorrow"}).json()["question"]
    assert asked == {"text": "At what time tomorrow, or all day?", "choices": ["tomorrow all day"]}
    event = owner.post(CALENDAR, json={"summary": "lunch", "when": "tomorrow at noon for two hours"}).json()["event"]
    assert (event["when"], event["starts"][:16], event["ends"][:16]) == (
        "tomorrow at noon",
        "2026-03-03T12:00",
        "2026-03-03T14:00",
    )
    whole = owner.post(CALENDAR, json={"summary": "move", "when": "tomorrow all day"}).json()["event"]
    assert (whole["is_all_day"], whole["starts"], whole["ends"]) == (True, "2026-03-03", "2026-03-04")
    shown = owner.get(CALENDAR).json()
    assert ([one["summary"] for one in shown["events"]], shown["outgoing"]) == (["move", "lunch"], [])
    assert owner.delete(f"{CALENDAR}/{event['id']}").status_code == 204
    gone = owner.delete(f"{CALENDAR}/{event['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "link.not_found")
    (house.folder / "calendar.ics").write_text("no calendar")
    broken = owner.get(CALENDAR)
    assert broken.status_code == 503
    assert str(house.folder) not in broken.text


def test_an_event_is_changed_and_a_series_once_or_always(owner: TestClient) -> None:
    added = owner.post(CALENDAR, json={"summary": "yoga", "when": "every Tuesday at 6 pm", "location": "Hall"}).json()["event"]
    assert (added["is_recurring"], added["location"]) == (True, "Hall")
    first, second = owner.get(CALENDAR, params={"days": 14}).json()["events"]
    path = f"{CALENDAR}/{first['id']}"
    shown = {"starts": second["starts"], "occurrence": second["occurrence"]}
    once = owner.patch(path, json={**shown, "when": "7 pm", "summary": "late yoga"})
    assert once.status_code == 200, once.text
    assert (once.json()["event"]["summary"], once.json()["event"]["starts"][11:16]) == ("late yoga", "19:00")
    now = owner.get(CALENDAR, params={"days": 14}).json()["events"]
    assert [(one["summary"], one["starts"][11:16]) for one in now] == [("yoga", "18:00"), ("late yoga", "19:00")]
    assert now[1]["occurrence"] == second["occurrence"]
    assert owner.delete(path, params={"occurrence": second["occurrence"]}).status_code == 204
    assert len(owner.get(CALENDAR, params={"days": 14}).json()["events"]) == 1
    all_of_it = {"starts": first["starts"], "occurrence": first["occurrence"], "is_series": True}
    assert owner.patch(path, json={**all_of_it, "when": "8 pm"}).status_code == 200
    moved = owner.get(CALENDAR, params={"days": 30}).json()["events"]
    assert {one["starts"][11:16] for one in moved} == {"20:00"}
    other_day = {"starts": moved[0]["starts"], "occurrence": moved[0]["occurrence"], "is_series": True, "when": "Friday"}
    refused = owner.patch(path, json=other_day)
    assert (refused.status_code, refused.json()["code"]) == (409, "link.repeats")
    asked = owner.patch(path, json={"starts": moved[0]["starts"], "occurrence": moved[0]["occurrence"], "when": "bananas"})
    assert "do not know" in asked.json()["question"]["text"]
    for nowhere in ({"starts": "never"}, {"starts": "2026-01-01T10:00"}, {"starts": first["starts"], "occurrence": "x"}):
        assert owner.patch(path, json={**nowhere, "summary": "x"}).status_code == 404
    assert owner.delete(path, params={"occurrence": "yesterday"}).status_code == 404
    assert owner.delete(path).status_code == 204
    assert owner.get(CALENDAR).json()["events"] == []


def test_an_alarm_has_a_sound_that_can_be_listened_to_and_may_begin_softly(owner: TestClient, house: KeptHouse) -> None:
    told = owner.get("/api/v1/sounds").json()
    assert [one["title"] for one in told["sounds"]] == ["The usual tone", "Gentle", "Bright", "Birds", "Waves", "Marimba"]
    assert (told["rise"]["seconds"], told["rise"]["levels"][-1]) == (60.0, 1.0)
    assert told["rise"]["levels"] == sorted(told["rise"]["levels"])
    heard = owner.get("/api/v1/sounds/wave", params={"sound": "birds"})
    pcm, rate_hz = soundfile.read(io.BytesIO(heard.content), dtype="int16")
    assert (pcm.tobytes(), rate_hz) == (ringing_sound("birds").data, 24_000)
    house.plain_ringers = (Station(device_id="k", name="Old lamp"),)
    alarm = made(owner, kind="alarm", when="7 am", sound="birds", is_rising=True)
    assert (alarm["sound"], alarm["sound_title"], alarm["is_rising"]) == ("birds", "Birds", True)
    assert alarm["rings_plainly_at"] == ["Old lamp"]
    path = f"{ALERTS}/{alarm['id']}"
    changed = owner.patch(path, json={"sound": "tone", "is_rising": False}).json()["alert"]
    assert (changed["sound"], changed["is_rising"], changed["rings_plainly_at"]) == ("tone", False, [])
    (kept,) = Alerts(house.database, clock=house.clock).all()
    assert (kept.sound, kept.is_rising) == ("tone", False)
    house.plain_ringers = ()


@pytest.mark.parametrize("sound", ["trumpets", "music:../../etc/passwd", "music:gone.flac"])
def test_a_sound_that_is_not_there_is_refused_and_nothing_changes(owner: TestClient, sound: str) -> None:
    alarm = made(owner, kind="alarm", when="7 am")
    refused = owner.patch(f"{ALERTS}/{alarm['id']}", json={"sound": sound, "name": "work"})
    assert (refused.status_code, refused.json()["code"]) == (404, "alert.no_sound")
    assert owner.post(ALERTS, json={"kind": "alarm", "when": "8 am", "sound": sound}).status_code == 404
    assert owner.get("/api/v1/sounds/wave", params={"sound": sound}).status_code == 404
    (left,) = owner.get(ALERTS).json()["alerts"]
    assert (left["name"], left["sound"]) == ("", "tone")


def test_music_of_the_household_is_listed_and_played(owner: TestClient, house: KeptHouse) -> None:
    (house.folder / "music").mkdir()
    soundfile.write(house.folder / "music" / "Morning song.flac", [0.0, 0.5, -0.5] * 8000, 24_000)
    music = owner.get("/api/v1/sounds").json()["sounds"][-1]
    assert music == {"sound": "music:Morning song.flac", "title": "Morning song", "is_music": True}
    assert made(owner, kind="alarm", when="7 am", sound=music["sound"])["sound_title"] == "Morning song"
    (house.folder / "music" / "Morning song.flac").unlink()
    assert owner.get(ALERTS).json()["alerts"][0]["sound_title"] == "Morning song", "what is gone is still called by its name"


def test_do_not_disturb_is_switched_on_until_a_time_and_off_by_room(owner: TestClient, house: KeptHouse) -> None:
    quiets = Quiets(house.database, clock=house.clock)
    assert owner.get(QUIET).json() == {"quiet": [], "rooms": ["Den"]}
    kept = owner.put(QUIET, json={"area": "Den", "until": "until three"}).json()["kept"]
    assert [(one["area"], one["until_in_words"]) for one in kept["quiet"]] == [("Den", "3 PM")]
    assert quiets.is_at(area="den", device_id="lamp")
    for area in ("Attic", "den"):
        assert owner.put(QUIET, json={"area": area}).status_code == 422
    assert owner.put(QUIET, json={"until": "every Tuesday at noon"}).status_code == 422
    asked = owner.put(QUIET, json={"until": "the blue one"}).json()
    assert (asked["kept"], asked["question"]["text"][:32]) == (None, "I do not know what time that is.")
    kept = owner.put(QUIET, json={"until": "two hours"}).json()["kept"]
    assert [(one["area"], one["until_in_words"]) for one in kept["quiet"]] == [(None, "2 PM"), ("Den", "3 PM")]
    assert [one["area"] for one in owner.delete(QUIET, params={"area": "Den"}).json()["quiet"]] == [None]
    house.clock.advance(hours=3)
    assert owner.get(QUIET).json()["quiet"] == [], "it ended by itself"
    owner.put(QUIET, json={"area": "Den"})
    assert owner.delete(QUIET).json()["quiet"] == [], "everywhere ends all"
    assert quiets.in_force() == ()


def test_a_satellite_that_stands_nowhere_is_shown_by_its_name(owner: TestClient, house: KeptHouse) -> None:
    quiets = Quiets(house.database, clock=house.clock)
    quiets.begin(Quiet(device_id="lamp"))
    (one,) = owner.get(QUIET).json()["quiet"]
    assert (one["satellite"], one["satellite_name"], one["area"], one["until"]) == ("lamp", None, None, None)
    assert owner.delete(QUIET, params={"satellite": "lamp"}).json()["quiet"] == []
