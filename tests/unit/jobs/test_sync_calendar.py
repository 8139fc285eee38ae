"""Lists, reminders and alarms here and on a real calendar server (Radicale): both ways, with conflicts, losses, hostile texts."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from earwitness.domain.alert import AlertKind, AtMoment, AtWallTime, OnEvent, Recurring
from earwitness.people.people import People
from earwitness.storage.database import Database
from tests.calendar_server import CalendarServer, running_calendar_server
from tests.postgres import Postgres
from tests.strange_servers import cutting, serving, silent
from tests.sync_trial import BERLIN, House, Phone

ALARM, REMINDER = AlertKind.ALARM, AlertKind.REMINDER
wall = datetime.fromisoformat
WEEKDAYS = Recurring(rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", start=wall("2026-03-20T06:45"))
AT_FIVE = AtWallTime(local=wall("2026-03-20T17:00"))


@pytest.fixture(scope="module")
def server() -> Iterator[CalendarServer]:
    with running_calendar_server() as one:
        yield one


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = Database(tmp_path / "household.db", chain="household")
    yield one
    one.close()


@pytest_asyncio.fixture
async def house(database: Database, server: CalendarServer) -> AsyncIterator[House]:
    one = House(database, server, server.account())
    yield one
    await one.server.account.close()


@pytest.fixture
def phone(house: House, server: CalendarServer) -> Phone:
    return Phone(server, house.server.account.user)


async def settle(house: House) -> None:
    """Both sides are the same, and stay so without another word."""
    assert await house.job.sync(), house.job.state()
    state = house.job.state()
    assert (state.behind, state.error) == (0, ""), state


# Lists


async def test_what_is_put_on_a_list_appears_there_and_what_is_ticked_off_there_is_done_here(house: House, phone: Phone) -> None:
    house.add("shopping list", "milk", "bread; white, sliced")
    assert house.job.state().behind == 2
    await settle(house)
    assert phone.summaries("shopping list") == ["bread\\; white\\, sliced", "milk"]
    phone.tick_off("shopping list", "milk")
    phone.add_task("shopping list", "eggs")
    await settle(house)
    assert house.open_items("shopping list") == ["bread; white, sliced", "eggs"]
    assert house.job.state().worked_at == house.clock().astimezone(UTC)


async def test_ticking_off_rewording_and_removing_here_reach_the_server_and_keep_what_else_it_has(
    house: House, phone: Phone
) -> None:
    await settle(house)
    place = phone.add_task("to-do", "paint the fence", "PRIORITY:1", "X-COLOUR:green", "DESCRIPTION:two coats")
    phone.add_task("to-do", "sell the car")
    phone.add_task("to-do", "call Kim")
    await settle(house)
    house.lists.complete([house.item("to-do", "paint the fence")])
    house.lists.reword(house.item("to-do", "sell the car"), text="give the car away")
    house.lists.remove([house.item("to-do", "call Kim")])
    await settle(house)
    text = phone.objects("to-do")[place]
    assert "STATUS:COMPLETED" in text
    assert all(line in text for line in ("PRIORITY:1", "X-COLOUR:green", "DESCRIPTION:two coats"))
    assert phone.summaries("to-do", with_done=True) == ["give the car away", "paint the fence"]


async def test_what_is_removed_there_goes_here_and_what_is_changed_on_one_side_survives_removal_on_the_other(
    house: House, phone: Phone
) -> None:
    house.add("shopping list", "milk", "eggs", "rice")
    await settle(house)
    for gone in ("milk", "eggs"):
        phone.remove(phone.find("shopping list", gone)[0])
    house.lists.reword(house.item("shopping list", "eggs"), text="eggs, brown")
    phone.edit(phone.find("shopping list", "rice")[0], "SUMMARY:rice", "SUMMARY:rice noodles")
    house.lists.remove([house.item("shopping list", "rice")])
    await settle(house)
    assert sorted(house.open_items("shopping list")) == ["eggs, brown", "rice noodles"]
    assert phone.summaries("shopping list") == ["eggs\\, brown", "rice noodles"]


async def test_both_change_one_thing_and_the_later_counts_field_by_field(house: House, phone: Phone) -> None:
    house.add("to-do", "old one", "other one")
    await settle(house)
    house.lists.reword(house.item("to-do", "old one"), text="as it was said here")
    house.lists.complete([house.item("to-do", "other one")])
    assert house.job.state().behind == 2
    first, second = phone.find("to-do", "old one")[0], phone.find("to-do", "other one")[0]
    stamp = (house.clock().astimezone(UTC) - timedelta(hours=1)).strftime("%Y%m%dT%H%M%SZ")
    for place, word in ((first, "old one"), (second, "other one")):
        phone.edit(place, f"SUMMARY:{word}", f"SUMMARY:{word} there")
        _, _, rest = phone.objects("to-do")[place].replace("\r\n", "\n").partition("LAST-MODIFIED:")
        phone.edit(place, f"LAST-MODIFIED:{rest[:16]}", f"LAST-MODIFIED:{stamp}")
    await settle(house)
    assert phone.summaries("to-do") == ["as it was said here"]
    assert phone.summaries("to-do", with_done=True) == ["as it was said here", "other one there"]
    house.lists.reword(house.item("to-do", "as it was said here"), text="here again")
    phone.edit(first, "SUMMARY:as it was said here", "SUMMARY:there at last")
    house.clock.pass_by(minutes=-5)  # the server's word is later
    await settle(house)
    assert house.open_items("to-do") == ["there at last"]


async def test_a_list_made_renamed_or_deleted_on_either_side(house: House, phone: Phone, server: CalendarServer) -> None:
    house.add("camping", "tent", "stove")
    await settle(house)
    assert phone.summaries("camping") == ["stove", "tent"]
    house.lists.rename("camping", to="the lake")
    server.make_calendar(phone.user, "more", name="Hardware store", components=("VTODO",))
    phone.add_task("Hardware store", "screws")
    await settle(house)
    assert phone.summaries("the lake") == ["stove", "tent"]
    assert "camping" not in phone.calendars()
    assert house.open_items("Hardware store") == ["screws"]
    body = '<propertyupdate xmlns="DAV:"><set><prop><displayname>Builder</displayname></prop></set></propertyupdate>'
    server.request(phone.user, "PROPPATCH", "more/", body)
    house.lists.forget("the lake")
    await settle(house)
    assert house.open_items("Builder") == ["screws"]
    assert "Hardware store" not in house.lists.names()
    assert "the lake" not in phone.calendars()
    assert {"Builder", "shopping list", "to-do", "Chores", "Alarms", "Reminders", "Family"} == set(phone.calendars())


async def test_a_list_that_was_deleted_here_comes_back_with_what_was_added_there_meanwhile(house: House, phone: Phone) -> None:
    house.add("camping", "tent")
    await settle(house)
    house.lists.forget("camping")
    phone.add_task("camping", "lamp")
    await settle(house)
    await settle(house)
    assert house.open_items("camping") == ["lamp"]
    assert phone.summaries("camping") == ["lamp"]


async def test_what_both_had_before_is_not_doubled_and_nothing_is_lost(
    house: House, phone: Phone, server: CalendarServer
) -> None:
    server.make_calendar(phone.user, "shop", name="Shopping list", components=("VTODO",))
    phone.add_task("Shopping list", "Milk", "STATUS:NEEDS-ACTION")
    phone.add_task("Shopping list", "long ago", "STATUS:COMPLETED", "COMPLETED:20200101T000000Z")
    house.add("shopping list", "milk", "tea")
    await settle(house)
    assert house.open_items("shopping list") == ["milk", "tea"]
    assert phone.summaries("Shopping list") == ["milk", "tea"]
    assert len(house.lists.items("shopping list")) == 2


async def test_where_no_calendar_can_be_made_all_lists_are_in_one_by_category(database: Database, server: CalendarServer) -> None:
    user = server.account()
    one = House(database, server, user, url=f"{server.url}{user}/todo/", what=("list",))
    phone = Phone(server, user)
    one.add("shopping list", "milk")
    one.add("camping", "tent")
    await settle(one)
    assert phone.summaries("Chores") == ["milk", "tent"]
    assert "CATEGORIES:camping" in phone.find("Chores", "tent")[1]
    phone.add_task("Chores", "stove", "CATEGORIES:Camping,Summer")
    phone.add_task("Chores", "salt")
    phone.edit(phone.find("Chores", "tent")[0], "CATEGORIES:camping", "CATEGORIES:attic")
    await settle(one)
    assert one.open_items("camping") == ["stove"]
    assert one.open_items("attic") == ["tent"]
    assert one.open_items("shopping list") == ["milk", "salt"]
    await one.server.account.close()


# Trouble


async def test_everything_is_kept_while_the_server_is_away_and_arrives_when_it_is_back(
    house: House, phone: Phone, server: CalendarServer
) -> None:
    house.add("shopping list", "milk")
    await settle(house)
    server.stop()
    try:
        house.add("shopping list", "eggs")
        house.lists.complete([house.item("shopping list", "milk")])
        assert not await house.job.sync()
        state = house.job.state()
        assert state.behind == 2
        assert "cannot be reached" in state.error
        assert state.worked_at is not None
    finally:
        server.start()
    await settle(house)
    assert phone.summaries("shopping list") == ["eggs"]


async def test_a_wrong_password_is_said_and_nothing_changes(database: Database, server: CalendarServer, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("a wrong one\n", encoding="utf-8")
    secret.chmod(0o600)
    one = House(database, server, server.account(), password_file=secret)
    one.add("shopping list", "milk")
    assert not await one.job.sync()
    assert "refuses" in one.job.state().error
    secret.write_bytes(server.password_file.read_bytes())
    await settle(one)
    await one.server.account.close()


async def test_a_server_that_never_answers_costs_its_time_and_no_more(database: Database, server: CalendarServer) -> None:
    async with serving(silent) as port:
        one = House(database, server, "user1", url=f"http://127.0.0.1:{port}/", timeout_seconds=0.3)
        one.add("shopping list", "milk")
        assert not await one.job.sync()
        assert "did not answer" in one.job.state().error
        assert one.open_items("shopping list") == ["milk"]
        await one.server.account.close()


@pytest.mark.parametrize("method", ["MKCALENDAR", "PUT", "DELETE", "GET"])
async def test_answers_that_are_lost_neither_lose_nor_double_anything(
    database: Database, server: CalendarServer, method: str
) -> None:
    user = server.account()
    whole, phone = House(database, server, user), Phone(server, user)
    async with serving(cutting(server.port, method=method)) as port:
        cut = House(database, server, user, url=f"http://127.0.0.1:{port}/")
        if method != "MKCALENDAR":
            whole.add("shopping list", "milk", "rice")
            await settle(whole)
            whole.lists.remove([whole.item("shopping list", "milk")])
            phone.remove(phone.find("shopping list", "rice")[0])
        whole.add("shopping list", "eggs")
        for _ in range(3):
            await cut.job.sync()
        await cut.server.account.close()
    await settle(whole)
    assert phone.summaries("shopping list") == ["eggs"]
    assert whole.open_items("shopping list") == ["eggs"]
    await whole.server.account.close()


async def test_another_account_tells_nothing_of_what_is_to_be_here(
    house: House, database: Database, server: CalendarServer
) -> None:
    house.add("shopping list", "milk")
    await settle(house)
    other = House(database, server, server.account())
    await settle(other)
    assert other.open_items("shopping list") == ["milk"]
    assert Phone(server, other.server.account.user).summaries("shopping list") == ["milk"]
    await other.server.account.close()


async def test_a_calendar_that_disappears_takes_nothing_with_it(house: House, phone: Phone) -> None:
    house.add("shopping list", "milk")
    house.set_alert(ALARM, WEEKDAYS, "work")
    await settle(house)
    for name in ("shopping list", "Alarms"):
        phone.remove(phone.calendars()[name])
    await settle(house)
    assert phone.summaries("shopping list") == ["milk"]
    assert phone.summaries("Alarms") == ["work"]


async def test_a_calendar_that_is_emptied_all_at_once_takes_a_few_things_with_it_and_no_more(house: House, phone: Phone) -> None:
    many = sorted(f"thing {number}" for number in range(1, 9))
    house.add("shopping list", *many)
    house.add("to-do", "one", "two")
    await settle(house)
    for name in ("shopping list", "to-do"):
        for place in phone.objects(name):
            phone.remove(place)
    await house.job.sync()
    assert any("empty on the server all at once" in one for one in house.job.state().notes)
    await settle(house)
    assert sorted(house.open_items("shopping list")) == phone.summaries("shopping list") == many
    assert house.open_items("to-do") == phone.summaries("to-do") == []


async def test_it_works_on_postgresql_too(server: CalendarServer, postgres: Postgres) -> None:
    with postgres.database() as url:
        database = Database(url, chain="household")
        one = House(database, server, server.account())
        phone = Phone(server, one.server.account.user)
        one.add("shopping list", "milk", "rice")
        one.set_alert(ALARM, WEEKDAYS, "work")
        await settle(one)
        phone.tick_off("shopping list", "milk")
        phone.add_task("shopping list", "eggs")
        phone.remove(phone.find("shopping list", "rice")[0])
        phone.edit(phone.find("Alarms", "work")[0], "SUMMARY:work", "SUMMARY:school")
        one.add("shopping list", "tea")
        await settle(one)
        assert sorted(one.open_items("shopping list")) == ["eggs", "tea"]
        assert phone.summaries("shopping list") == ["eggs", "tea"]
        assert [alarm.name for alarm in one.of(ALARM)] == ["school"]
        await one.server.account.close()
        database.close()


# Alarms and reminders


async def test_alarms_and_reminders_appear_there_with_what_rings_on_phones(house: House, phone: Phone) -> None:
    house.set_alert(ALARM, WEEKDAYS, "work")
    house.set_alert(REMINDER, AT_FIVE, "call the bank")
    house.set_alert(REMINDER, Recurring(rule="FREQ=DAILY", start=wall("2026-03-20T21:00")), "lock the door")
    house.set_alert(REMINDER, OnEvent(event="good_night"), "put the bin out")
    house.set_alert(REMINDER, AtMoment(at=house.clock() + timedelta(seconds=1234.5)), "tea")
    await settle(house)
    alarm, task = phone.find("Alarms", "work")[1], phone.find("Reminders", "call the bank")[1]
    assert "DTSTART:20260320T064500\r\n" in alarm
    assert "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\n" in alarm
    assert "BEGIN:VALARM" in alarm
    assert "BEGIN:VTODO" in task
    assert "DUE:20260320T170000\r\n" in task
    assert "BEGIN:VEVENT" in phone.find("Reminders", "lock the door")[1]
    assert phone.summaries("Reminders") == ["call the bank", "lock the door", "tea"]


async def test_what_is_changed_or_removed_on_the_phone_changes_here_before_it_rings(house: House, phone: Phone) -> None:
    house.set_alert(ALARM, WEEKDAYS, "work")
    house.set_alert(ALARM, AtWallTime(local=wall("2026-03-21T09:00")))
    house.set_alert(REMINDER, AT_FIVE, "call the bank")
    house.set_alert(REMINDER, AtWallTime(local=wall("2026-03-21T08:00")), "water the plants")
    await settle(house)
    phone.edit(phone.find("Alarms", "work")[0], "DTSTART:20260320T064500", "DTSTART;TZID=Europe/Berlin:20260320T071500")
    phone.remove(phone.find("Alarms", "Alarm")[0])
    phone.tick_off("Reminders", "call the bank")
    phone.edit(phone.find("Reminders", "water the plants")[0], "DUE:20260321T080000", "DUE:20260321T090000Z")
    await settle(house)
    (alarm,) = house.of(ALARM)
    assert alarm.due_at == datetime(2026, 3, 23, 7, 15, tzinfo=BERLIN)
    (reminder,) = house.of(REMINDER)
    assert (reminder.text, reminder.due_at) == ("water the plants", datetime(2026, 3, 21, 9, 0, tzinfo=UTC))


async def test_what_the_phone_makes_rings_here(house: House, phone: Phone) -> None:
    await settle(house)
    phone.add("Alarms", "VEVENT", "SUMMARY:Flight", "DTSTART;TZID=America/New_York:20260322T050000")
    phone.add_task("Reminders", "Pay the rent", "DUE;VALUE=DATE:20260401")
    phone.add_task("Reminders", "Over", "DUE:20250401T100000Z")
    await settle(house)
    (alarm,) = house.of(ALARM)
    assert (alarm.name, alarm.due_at) == ("Flight", datetime(2026, 3, 22, 9, 0, tzinfo=UTC))
    (reminder,) = house.of(REMINDER)
    assert (reminder.text, reminder.due_at) == ("Pay the rent", datetime(2026, 4, 1, 9, 0, tzinfo=BERLIN))
    assert reminder.must_acknowledge


async def test_one_time_that_is_skipped_on_either_side_is_skipped_on_both(house: House, phone: Phone) -> None:
    alarm = house.set_alert(ALARM, WEEKDAYS, "work")
    await settle(house)
    phone.edit(phone.find("Alarms", "work")[0], "RRULE", "EXDATE:20260323T064500\nRRULE")
    await settle(house)
    (alarm,) = house.of(ALARM)
    assert alarm.due_at == datetime(2026, 3, 24, 6, 45, tzinfo=BERLIN)
    house.alerts.unskip(alarm)
    await settle(house)
    assert "EXDATE" not in phone.find("Alarms", "work")[1]
    house.alerts.skip_next(house.of(ALARM)[0])
    await settle(house)
    assert "EXDATE:20260323T064500\r\n" in phone.find("Alarms", "work")[1]
    house.clock.pass_by(days=5)
    await settle(house)


async def test_what_has_rung_here_is_done_there(house: House, phone: Phone) -> None:
    house.set_alert(REMINDER, AT_FIVE, "call the bank")
    house.set_alert(ALARM, AT_FIVE, "nap")
    await settle(house)
    house.clock.pass_by(hours=6)
    house.alerts.remove([one.alert_id for one in house.alerts.all()])
    await settle(house)
    assert phone.summaries("Reminders", with_done=True) == ["call the bank"]
    assert phone.summaries("Reminders") == phone.summaries("Alarms") == []


async def test_a_reminder_for_one_person_stays_here(house: House, phone: Phone, database: Database) -> None:
    kim = People(database, clock=lambda: datetime(2026, 3, 20, tzinfo=UTC)).add("Kim", passphrase="correct horse battery")
    house.set_alert(REMINDER, AT_FIVE, "buy a present", person_id=kim.person_id)
    await settle(house)
    assert phone.summaries("Reminders") == []


async def test_what_may_not_ring_here_is_left_there_and_said(house: House, phone: Phone) -> None:
    await settle(house)
    phone.add("Alarms", "VEVENT", "SUMMARY:Boo", "DTSTART:20260101T000000", "RRULE:FREQ=SECONDLY")
    phone.add("Alarms", "VEVENT", "SUMMARY:Good", "DTSTART:20260401T100000")
    await settle(house)
    assert [one.name for one in house.of(ALARM)] == ["Good"]
    assert house.job.state().notes == ('"Boo" repeats in a way that cannot be followed',)


async def test_no_more_is_taken_over_than_there_is_room_for(house: House, phone: Phone) -> None:
    await settle(house)
    for number in range(25):
        phone.add("Alarms", "VEVENT", f"SUMMARY:Alarm {number}", "DTSTART:20260401T100000")
    await settle(house)
    assert len(house.of(ALARM)) == 20
    assert any("no room" in note for note in house.job.state().notes)


async def test_an_alarm_that_becomes_hostile_there_stays_as_it_was_here(house: House, phone: Phone) -> None:
    alarm = house.set_alert(ALARM, WEEKDAYS, "work")
    await settle(house)
    phone.edit(phone.find("Alarms", "work")[0], "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=SECONDLY")
    await settle(house)
    assert house.of(ALARM)[0].rule == alarm.rule
    assert house.job.state().notes
