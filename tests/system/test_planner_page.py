"""The page of plans in a real Chromium, on a small server: set as one says it, asked back, changed by keyboard, followed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Page, expect, sync_playwright

from earwitness.domain.alert import Place
from earwitness.domain.ring_sound import level_at
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.quiet import Quiets
from earwitness.links.skill_memory import SkillMemory
from earwitness.storage.household import skill_memory
from tests.houses_kept import PASSPHRASE, PERSON_COOKIES, KeptHouse, kept_house
from tests.system import browsing

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]
START_SECONDS = 60.0


@contextmanager
def served(house: KeptHouse) -> Iterator[str]:
    """The house's pages on a free port."""
    server = uvicorn.Server(uvicorn.Config(house.app(), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


@contextmanager
def planner(house: KeptHouse) -> Iterator[Page]:
    """The house's page of plans, for an adult; it must not have failed anywhere when the block ends."""
    token = house.people.accounts.let_in(house.people.add("Olga", passphrase=PASSPHRASE)).token
    with served(house) as address, sync_playwright() as started, browsing.browser(started) as launched:
        context = launched.new_context(reduced_motion="reduce")
        context.add_cookies([{"name": PERSON_COOKIES[0], "value": token, "url": address}])
        opened, failures = context.new_page(), list[str]()
        opened.on("pageerror", lambda error: failures.append(str(error)))
        opened.goto(f"{address}/planner")
        opened.wait_for_selector("#plans:visible")
        yield opened
        assert failures == []


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptHouse]:
    with kept_house(tmp_path_factory.mktemp("house")) as made:
        made.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield made


@pytest.fixture(scope="module")
def page(house: KeptHouse) -> Iterator[Page]:
    with planner(house) as opened:
        yield opened


def focus_key(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.key"))


def test_an_alarm_that_may_be_two_is_asked_for_and_set(page: Page, house: KeptHouse) -> None:
    page.fill("#add-alarm [name=when]", "every weekday at 6:45")
    page.press("#add-alarm [name=when]", "Enter")
    expect(page.locator("#add-alarm .question")).to_contain_text("6:45 in the morning or in the evening?")
    page.press("#add-alarm .question button:has-text('AM')", "Enter")
    expect(page.locator("#alarms")).to_contain_text("Every weekday at 6:45 AM")
    (alarm,) = Alerts(house.database, clock=house.clock).all()
    page.press("#alarms button:has-text('Skip next')", "Enter")
    expect(page.locator("#alarms")).to_contain_text("not tomorrow at 6:45 AM")
    assert focus_key(page) == f"skip-{alarm.alert_id}", "the focus stays where it was"
    page.press("#alarms button:has-text('Change')", "Enter")
    page.fill("dialog label:has-text('When') input", "7")
    page.press("dialog label:has-text('When') input", "Enter")
    page.press("dialog .question button:has-text('AM')", "Enter")
    page.press("dialog label:has-text('When') input", "Enter")
    expect(page.locator("#alarms")).to_contain_text("Every weekday at 7 AM")
    page.press("#alarms button:has-text('Switch off')", "Enter")
    expect(page.locator("#alarms button:has-text('Switch on')")).to_be_visible()
    page.press("#alarms button:has-text('Remove')", "Enter")
    expect(page.locator("#alarms-empty")).to_be_visible()


def test_what_changes_elsewhere_is_followed_while_somebody_types(page: Page, house: KeptHouse) -> None:
    field = page.locator("[data-list='shopping list'] [name=text]")
    field.fill("half a wo")
    Lists(house.database).add("shopping list", texts=["lantern"], now=house.clock())
    expect(page.locator("#lists")).to_contain_text("lantern")
    assert (field.input_value(), focus_key(page)) == ("half a wo", "add-shopping list")
    page.locator("#lists label:has-text('lantern') input").check()
    expect(page.locator("#lists .done")).to_have_text("lantern")


def test_a_day_without_an_hour_may_be_the_whole_day(page: Page) -> None:
    page.fill("#add-event [name=summary]", "moving house")
    page.fill("#add-event [name=when]", "tomorrow")
    page.press("#add-event [name=when]", "Enter")
    page.press("#add-event .question button:has-text('all day')", "Enter")
    expect(page.locator("#events")).to_contain_text("moving house")
    page.press("#events button:has-text('Remove')", "Enter")
    expect(page.locator("#events")).not_to_contain_text("moving house")


def test_where_an_alarm_rings_is_changed(page: Page) -> None:
    page.fill("#add-alarm [name=when]", "every weekday at 5:10 am")
    page.press("#add-alarm [name=when]", "Enter")
    line = page.locator("#alarms li", has_text="5:10 AM")
    line.get_by_role("button", name="Change").press("Enter")
    page.get_by_role("dialog").get_by_label("Where it rings").select_option("Den")
    page.press("dialog button:has-text('Save')", "Enter")
    expect(line).to_contain_text("Den")
    line.get_by_role("button", name="Remove").press("Enter")
    expect(line).to_have_count(0)


def test_what_a_skill_keeps_is_shown_and_erased(page: Page, house: KeptHouse) -> None:
    memory = SkillMemory(house.database, skill="jokes")
    with house.database.writing() as connection:
        connection.execute(skill_memory.insert().values(skill="jokes", name="told", value='{"chicken":3}'))
    there = page.url
    page.goto(there.replace("/planner", "/skills"))
    page.get_by_role("button", name="What Jokes keeps").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text('{"chicken":3}')
    dialog.get_by_role("button", name="Erase told").press("Enter")
    expect(dialog).to_contain_text("It keeps nothing.")
    assert memory.all() == {}
    dialog.get_by_role("button", name="Close").press("Enter")
    page.goto(there)
    page.wait_for_selector("#plans:visible")


def test_a_routine_is_written_as_it_is_said(page: Page) -> None:
    page.fill("#add-routine [name=said]", "brew beer")
    page.press("#add-routine [name=said]", "Enter")
    expect(page.locator("#add-routine .question")).to_contain_text("That is no routine")
    page.fill("#add-routine [name=said]", "when I say movie time, turn off the ceiling light and close the garage door")
    page.press("#add-routine [name=said]", "Enter")
    expect(page.locator("#routines")).to_contain_text('When you say "movie time"')
    expect(page.locator("#routines ol li")).to_have_count(2)
    page.press("#routines button:has-text('Switch off')", "Enter")
    expect(page.locator("#routines button:has-text('Switch on')")).to_be_visible()
    page.press("#routines button:has-text('Remove')", "Enter")
    expect(page.locator("#routines-empty")).to_be_visible()


def test_a_routine_is_changed_step_by_step_and_each_sentence_is_checked(page: Page) -> None:
    page.press("#fill-routine", "Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("When", exact=True).fill("when I say stop")
    expect(dialog.get_by_text("means something already")).to_be_visible()
    dialog.get_by_label("When", exact=True).fill("when I say movie time")
    expect(dialog.get_by_text('When you say "movie time".')).to_be_visible()
    dialog.get_by_label("Step 1", exact=True).fill("brew beer")
    expect(dialog.get_by_text("I did not understand what is to be done")).to_be_visible()
    dialog.get_by_label("Step 1", exact=True).fill("turning off the ceiling light")
    expect(dialog.get_by_text("I understand that.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#routines ol li")).to_have_text("turn off the ceiling light")

    page.press("#routines button:has-text('Change…')", "Enter")
    page.press("dialog button:has-text('One step more')", "Enter")
    expect(dialog.get_by_label("Step 2", exact=True)).to_be_focused()
    page.keyboard.type("close the garage door")
    page.press("dialog [aria-label='Move step 2 up']", "Enter")
    dialog.get_by_label("Name, if it has one").fill("cinema")
    dialog.get_by_label("When", exact=True).fill("at 7 am")
    page.keyboard.press("Enter")
    page.press("dialog .question button:has-text('every weekday')", "Enter")
    expect(dialog.get_by_text("Every weekday at 7 AM.")).to_be_visible()
    dialog.get_by_label("When", exact=True).press("Enter")
    expect(page.locator("#routines ol li")).to_have_text(["close the garage door", "turn off the ceiling light"])
    expect(page.locator("#routines strong")).to_have_text("Cinema")
    expect(page.locator("#routines")).to_contain_text("Every weekday at 7 AM")
    page.press("#routines button:has-text('Remove')", "Enter")
    expect(page.locator("#routines-empty")).to_be_visible()


def test_an_alarm_gets_a_sound_that_is_listened_to_and_begins_softly(page: Page, house: KeptHouse) -> None:
    page.select_option("#add-alarm [name=sound]", label="Birds")
    page.check("#add-alarm [name=softly]")
    with page.expect_response(lambda answer: "/sounds/wave?sound=birds" in answer.url):
        page.press("#add-alarm button.listen", "Enter")
    expect(page.locator("#add-alarm button.listen")).to_have_text("Stop")
    page.select_option("#add-alarm [name=sound]", label="Waves")
    expect(page.locator("#add-alarm button.listen")).to_have_text("Listen")
    page.fill("#add-alarm [name=when]", "tomorrow at 7 am")
    page.press("#add-alarm [name=when]", "Enter")
    expect(page.locator("#alarms")).to_contain_text("with Waves · begins softly")
    page.press("#alarms button:has-text('Change')", "Enter")
    page.select_option("dialog [name=sound]", label="Marimba")
    page.uncheck("dialog [name=softly]")
    page.press("dialog label:has-text('When') input", "Enter")
    expect(page.locator("#alarms")).to_contain_text("with Marimba")
    expect(page.locator("#alarms")).not_to_contain_text("begins softly")
    (alarm,) = Alerts(house.database, clock=house.clock).all()
    assert (alarm.sound, alarm.is_rising) == ("marimba", False)
    page.press("#alarms button:has-text('Remove')", "Enter")
    expect(page.locator("#alarms-empty")).to_be_visible()


def test_a_timer_gets_a_room_and_shows_it(page: Page, house: KeptHouse) -> None:
    room = page.get_by_label("Where it rings").and_(page.locator("#add-timer select"))
    room.select_option(label="Den")
    page.fill("#add-timer [name=when]", "10 minutes")
    page.press("#add-timer [name=when]", "Enter")
    expect(page.locator("#timers")).to_contain_text("left · Den")
    expect(room).to_have_value("")
    (timer,) = Alerts(house.database, clock=house.clock).all()
    assert (timer.place, timer.area) == (Place.ROOM, "Den")
    page.press("#timers button:has-text('Cancel')", "Enter")
    expect(page.locator("#timers-empty")).to_be_visible()


def test_do_not_disturb_is_switched_on_and_off_by_keyboard(page: Page, house: KeptHouse) -> None:
    page.select_option("#add-spared [name=area]", label="Den")
    page.fill("#add-spared [name=when]", "two hours")
    page.press("#add-spared [name=when]", "Enter")
    expect(page.locator("#spared")).to_contain_text("Den")
    expect(page.locator("#spared")).to_contain_text("until 2 PM")
    assert Quiets(house.database, clock=house.clock).is_at(area="den", device_id="lamp")
    page.press("#spared button:has-text('Switch off')", "Enter")
    expect(page.locator("#spared-empty")).to_be_visible()
    assert Quiets(house.database, clock=house.clock).in_force() == ()


def test_a_ring_on_a_page_grows_louder_as_the_curve_says(page: Page) -> None:
    """The page's own ring, rendered by the browser's own engine."""
    levels = page.evaluate(
        """async () => {
      const { ring, rise } = await import("/static/ring.js");
      const rate = 8000;
      const context = new OfflineAudioContext(1, 25 * rate, rate);
      const buffer = new AudioBuffer({ length: rate, sampleRate: rate });
      buffer.copyToChannel(new Float32Array(rate).fill(0.5), 0);
      ring(context, buffer, { risen: await rise(), rungSeconds: 12 });
      const samples = (await context.startRendering()).getChannelData(0);
      return [0.5, 8, 16, 24].map((second) => samples[Math.round(second * rate)]);
    }"""
    )
    assert levels == pytest.approx([0.3 * level_at(12 + second) for second in (0.5, 8, 16, 24)], rel=0.03)
