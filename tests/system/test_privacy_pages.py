"""Privacy, History and Who listened in a real Chromium, with the real server behind them: each right, exercised by hand.

One long module, so that one server and one browser serve all of it. How the pages suit their readers is in test_every_page.py.
"""

import io
import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import soundfile
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from earwitness.domain.consent import Purpose
from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role
from earwitness.people.consent_texts import current_text, text_of
from earwitness.people.people import People
from earwitness.storage.database import Database
from earwitness.storage.household import consents
from earwitness.vault.listens import Listens
from tests.system import browsing
from tests.system.browsing import PASSPHRASE, Visit, settle, visit
from tests.system.test_page import spoken, take_picture

SPOKEN = "Turn the standing light blue."

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.skipif(browsing.chromium() is None, reason="chromium is not installed; `python tests/prepare.py` installs it"),
]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def address(state: Path) -> Iterator[str]:
    with browsing.server(state) as started:
        yield started


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launched(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in whose microphone somebody says SPOKEN each time that it is opened."""
    microphone = spoken(tmp_path_factory.mktemp("spoken"), SPOKEN, lead_seconds=0.5)
    with browsing.browser(playwright, microphone=microphone) as started:
        yield started


def call(page: Page, method: str, path: str, body: object = None) -> Any:
    """Ask the API with the cookies of a page, without it."""
    answer = page.context.request.fetch(f"{origin(page)}/api/v1{path}", method=method, data=body)
    assert answer.ok, answer.text()
    return None if answer.status == 204 else answer.json()


def origin(page: Page) -> str:
    found: str = page.evaluate("location.origin")
    return found


@contextmanager
def somebody(
    launched: Browser, address: str, name: str, *, said: Sequence[str] = (), keeps: bool = True, **context: Any
) -> Iterator[Visit]:
    """A browser in which somebody new is signed in, who keeps what they say and said a few things."""
    with visit(launched, address, new=name, reduced_motion="reduce", **context) as here:
        if keeps:
            call(here.page, "PUT", "/me/consents/keep", {"given": True, "retention": "week"})
        for text in said:
            call(here.page, "POST", "/ask", {"text": text})
        yield here


def show(page: Page, path: str) -> None:
    """Open a page until it knows who is signed in and has loaded what it shows."""
    page.goto(origin(page) + path)
    page.wait_for_selector("#signed-in:visible, #link.up")
    settle(page)


def saved(page: Page, button: str | Locator) -> tuple[str, bytes]:
    """What pressing a button saves: the file's name and what is in it."""
    pressed = page.locator(button).first if isinstance(button, str) else button
    with page.expect_download() as download:
        pressed.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def expect_focus(page: Page, selector: str) -> None:
    """The focus comes to an element, and is given back to it where a question was asked."""
    expect(page.locator(f"{selector}:focus")).to_be_attached()


def say_typed(here: Visit, text: str) -> None:
    here.typed(text)
    here.page.wait_for_selector("#kept:visible")
    here.state("asleep")


def turn(page: Page, words: str) -> Locator:
    return page.locator(".kept-turn", has=page.locator("h3", has_text=words))


def add_listens(state: Path, name: str, turn_id: str, *results: ReadResult) -> None:
    """A reviewer opens somebody's recordings, as the vault would put it on record."""
    database = Database(state / "household.db", chain="household")
    person = People(database, clock=lambda: datetime.now(UTC)).named(name)
    reads = [
        Read(
            read_id=f"{turn_id[:31]}{number:x}",
            person_id=person.person_id,
            turn_id=turn_id,
            actor=Actor(actor_id="r", alias="amber-heron-4821", role=Role.REVIEWER),
            purpose=ReadPurpose.REVIEW,
            medium=Medium.AUDIO,
            recordings=1,
            opened_at=datetime.now(UTC) + timedelta(milliseconds=number),
            opened_position=0,
            result=result,
            seconds=2.5 if result is ReadResult.SERVED else 0.0,
        )
        for number, result in enumerate(results)
    ]
    Listens(database, clock=lambda: datetime.now(UTC)).add(*reads)
    database.close()


def test_from_the_first_words_to_what_was_heard_and_who_heard_it(launched: Browser, address: str, tmp_path: Path) -> None:
    with visit(launched, address, new="Anna", reduced_motion="reduce") as here:
        page = here.page
        page.wait_for_selector("#kept-note:has-text('Nothing of what Anna says is kept')")
        say_typed(here, "turn on the bathroom light")
        expect(page.locator("#kept")).to_have_text("Nothing of this is kept.")
        page.click("nav >> text=Privacy")
        expect(page.locator("#title")).to_have_text("Anna\u2019s privacy")
        expect(page.locator("#standing")).to_contain_text("Nothing of what you say is kept")
        page.click("#consent-keep")
        page.wait_for_selector("#consent-keep[aria-checked='true']")
        expect(page.locator("#consent-keep-state")).to_contain_text("On since")
        expect(page.locator("#standing")).to_contain_text("kept for a week")
        assert call(page, "GET", "/me/consents")[0]["way"] == "page"
        speak(here)
        see_history(page)
        hear(page)
        see_listens(page, tmp_path)
        take_away(page)


def speak(here: Visit) -> None:
    here.page.click("nav >> text=Talk")
    here.page.wait_for_selector("#kept-words:has-text('What you say is kept for a week, sound and words')")
    here.page.wait_for_selector("#kept-note:has-text('What Anna says here is kept')")
    say_typed(here, "turn on the kitchen light")
    expect(here.page.locator("#kept")).to_have_text("Kept, the words alone. It is in your history.")
    here.page.click("#talk")
    here.state("listening")
    here.page.wait_for_selector("#kept:has-text('Kept, sound and words')")
    here.state("asleep")


def see_history(page: Page) -> None:
    page.click("nav >> text=History")
    expect(page.locator(".kept-turn")).to_have_count(2)
    words = page.locator(".kept-turn h3").all_inner_texts()
    assert [one.lower().rstrip(".") for one in words] == [SPOKEN.lower().rstrip("."), "turn on the kitchen light"]
    assert page.locator("h2.day").all_inner_texts() == ["Today"]
    expect(page.locator("#kept-words")).to_have_text(re.compile(r"^2 turns kept, [\d.]+ seconds of sound"))
    typed, said = turn(page, "kitchen light"), turn(page, "standing light")
    assert typed.locator("[data-do=play]").count() == 0
    assert "The words alone, kept until" in typed.inner_text()
    assert "in 7 days" in typed.inner_text()
    said.locator("summary").click()
    assert said.locator(".bars li").count() >= 4
    page.fill("#search", "kitchen")
    page.press("#search", "Enter")
    expect(page.locator(".kept-turn")).to_have_count(1)
    page.fill("#search", "nothing like that")
    page.press("#search", "Enter")
    page.wait_for_selector("#empty:has-text('Nothing that is kept of you matches')")
    page.click("#clear")
    expect(page.locator(".kept-turn")).to_have_count(2)
    said.locator("[data-do=correct]").click()
    expect(said.locator("input:focus")).to_have_value(words[0])
    page.keyboard.type("turn the floor lamp blue")
    page.keyboard.press("Enter")
    corrected = turn(page, "turn the floor lamp blue")
    corrected.wait_for()
    expect(corrected.locator(".heard")).to_contain_text(words[0])
    expect_focus(page, "[data-do=correct]")


def hear(page: Page) -> None:
    """Play the recording: it sounds, and is one listen on record."""
    said = turn(page, "floor lamp")
    said.locator("[data-do=play]").click()
    page.wait_for_function("() => document.querySelector('audio')?.duration > 0")
    kept = call(page, "GET", "/history?search=floor")["turns"][0]["audio_seconds"]
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(kept, abs=0.01)
    listens = call(page, "GET", "/listens?others=false")["listens"]
    assert [one["what"] for one in listens if one["why"] == "playback"] == ["audio"]
    page.evaluate("window.scrollTo(0, 0)")
    page.mouse.move(0, 0)
    take_picture(page, "history.png")


def see_listens(page: Page, folder: Path) -> None:
    """The own listen is there once asked for, with a proof that the command on the page checks."""
    page.click("nav >> text=Who listened")
    page.wait_for_selector("#empty:has-text('Nobody but you opened anything')")
    page.click("#others")
    own = page.locator("tr[data-why='playback']")
    own.wait_for()
    expect(own).to_contain_text("You")
    expect(own).to_contain_text("Sound")
    name, proof = saved(page, own.locator(".save-proof"))
    assert json.loads(proof)["entry"]["kind"] == "read.opened"
    (folder / name).write_bytes(proof)
    expect(page.locator("#command")).to_contain_text("listen.json")
    command = shlex.split(page.locator("#command").inner_text().replace("listen.json", name))
    assert command[0] == "earwitness"
    checked = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    checkpoint = page.context.request.get(origin(page) + str(page.get_attribute("a[download]", "href"))).text()
    assert checkpoint.startswith(page.locator("#key").inner_text().split("+")[0])


def take_away(page: Page) -> None:
    """The export holds the sound, the words, the decision and the listens; taking it is a listen too."""
    page.click("nav >> text=Privacy")
    page.wait_for_selector("#signed-in:visible")
    name, data = saved(page, "#export")
    assert name == "earwitness-export.zip"
    page.wait_for_selector("#export-status:has-text('Saved')")
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        index = json.loads(file.read("index.json"))
        turns, listens = ([json.loads(line) for line in file.open(f"{name}.jsonl")] for name in ("turns", "listens"))
        sounds = {name: soundfile.info(io.BytesIO(file.read(name))).duration for name in file.namelist() if name.endswith(".wav")}
    assert [one["transcript"] for one in turns] == ["turn the floor lamp blue", "turn on the kitchen light"]
    assert sounds == {f"audio/{turns[0]['turn_id']}.wav": pytest.approx(turns[0]["audio_seconds"], abs=0.01)}
    assert (index["person"]["name"], [one["purpose"] for one in index["consents"]]) == ("Anna", ["keep"])
    assert "playback" in [one["why"] for one in listens]
    page.evaluate("window.scrollTo(0, 0)")
    page.mouse.move(0, 0)
    take_picture(page, "privacy.png")


def test_a_passphrase_can_be_seen_and_a_wrong_one_opens_nothing(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Bert") as here:
        page = here.page
        show(page, "/privacy")
        page.click("#sign-out")
        page.wait_for_url("**/sign-in")
        page.goto(f"{address}/privacy")
        assert page.url == f"{address}/sign-in?next=/privacy", "the server sent it there"
        settle(page)
        page.fill("#name", "Bert")
        page.fill("#passphrase", "wrong horse battery")
        page.click("[data-shows=passphrase]")
        expect(page.locator("#passphrase")).to_have_attribute("type", "text")
        page.press("#passphrase", "Enter")
        page.wait_for_selector("#problem:has-text('do not belong together')")
        assert [said for said in here.complaints if "401" in said] == here.complaints
        here.complaints.clear()
        page.fill("#passphrase", PASSPHRASE)
        page.press("#passphrase", "Enter")
        page.wait_for_url(f"{address}/privacy")
        page.wait_for_selector("#signed-in:visible")


def test_how_long_and_what_is_kept_can_be_chosen_and_changed(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Dora", said=["turn on the desk lamp"]) as here:
        page = here.page
        show(page, "/privacy")
        page.check("[name=keep-period][value='three months']")
        page.click("button:has-text('Save: for three months, sound and words')")
        page.wait_for_selector("#news:has-text('kept for three months')")
        page.check("[name=keep-period][value='other']")
        page.fill("#keep-number", "36")
        page.select_option("#keep-unit", "hour")
        page.check("[name=keep-what][value='text']")
        page.click("button:has-text('Save: for 36 hours, words alone')")
        page.wait_for_selector("dialog:has-text('That also holds for the 1 recording')")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert call(page, "GET", "/me")["keeping"]["said"] == "three months"
        page.click("button:has-text('Save: for 36 hours, words alone')")
        page.click("dialog >> text=Keep it shorter")
        page.wait_for_selector("#standing:has-text('36 hours: the words alone')")
        assert call(page, "GET", "/me")["keeping"] == {"keeps": "text", "retention_seconds": 129_600, "said": "36 hours"}
        page.fill("#keep-number", "0")
        page.click("button:has-text('Save: for')")
        page.wait_for_selector("#problem:has-text('a minute up to ten years')")
        page.reload()
        expect(page.locator("#keep-number")).to_have_value("36")
        expect(page.locator("#keep-unit")).to_have_value("hour")


def test_keeping_ends_with_or_without_what_is_kept_already(launched: Browser, address: str, tmp_path: Path) -> None:
    with somebody(launched, address, "Emil", said=["turn on the desk lamp", "turn off the desk lamp"]) as here:
        page = here.page
        show(page, "/privacy")
        page.click("#consent-keep")
        page.wait_for_selector("dialog:has-text('There are 2 recordings of you')")
        expect(page.locator("dialog button:focus")).to_have_text("Cancel")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog", state="detached")
        expect_focus(page, "#consent-keep")
        assert call(page, "GET", "/me")["keeping"] is not None
        page.keyboard.press("Space")
        page.click("dialog >> text=Keep until they expire")
        page.wait_for_selector("#consent-keep[aria-checked='false']")
        assert call(page, "GET", "/me")["kept"]["recordings"] == 2
        page.click("#consent-keep")
        page.wait_for_selector("#consent-keep[aria-checked='true']")
        page.click("#consent-keep")
        page.click("dialog >> text=Delete 2 recordings now")
        page.wait_for_selector("#consent-keep[aria-checked='false']")
        expect(page.locator("#receipts")).to_contain_text("2 recordings")
        assert call(page, "GET", "/me")["kept"]["recordings"] == 0
        name, receipt = saved(page, "#receipts .save-receipt")
        assert json.loads(receipt)["receipt"]["recordings"] == 2
        (tmp_path / name).write_bytes(receipt)
        show(page, "/history")
        expect(page.locator("#kept-words")).to_contain_text("Nothing is kept")
        expect(page.locator("#empty a")).to_have_attribute("href", "/privacy")


def test_who_agreed_to_an_earlier_text_is_told_so_and_agrees_anew_without_a_gap(
    launched: Browser, address: str, state: Path
) -> None:
    with somebody(launched, address, "Gunda") as here:
        page = here.page
        call(page, "PUT", "/me/consents/train", {"given": True})
        agreed_before(state, "Gunda", Purpose.TRAIN, version=2)
        show(page, "/privacy")
        card = page.locator("article", has=page.locator("#consent-train"))
        expect(card.locator(".earlier")).to_contain_text("You agreed to an earlier text")
        expect(page.locator(".earlier:visible")).to_have_count(1)
        card.locator("summary").click()
        expect(card.locator("details p")).to_have_text(text_of(Purpose.TRAIN, 2).text)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        card.locator("button:has-text('Agree to the text above')").click()
        expect(card.locator(".earlier")).to_be_hidden()
        expect_focus(page, "#consent-train")
        assert call(page, "GET", "/me")["consents"]["train"]["text_version"] == current_text(Purpose.TRAIN).version
        of_training = [one["given"] for one in call(page, "GET", "/me/consents") if one["purpose"] == "train"]
        assert of_training == [True, True], "it was never off"


def agreed_before(state: Path, name: str, purpose: Purpose, *, version: int) -> None:
    """Somebody's decision is of an earlier version, as if the program had been updated since."""
    database = Database(state / "household.db", chain="household")
    person = People(database, clock=lambda: datetime.now(UTC)).named(name)
    whose = (consents.c.person_id == person.person_id, consents.c.purpose == purpose.value)
    values = {"text_version": version, "text_digest": text_of(purpose, version).digest}
    with database.writing() as connection:
        connection.execute(sa.update(consents).where(*whose).values(values))
    database.close()


def test_an_objection_stands_until_it_is_lifted(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Fritz", keeps=False) as here:
        page = here.page
        show(page, "/privacy")
        train = page.locator("article", has=page.locator("#consent-train"))
        train.locator("button:has-text('Object')").click()
        page.locator("dialog button:has-text('Object')").first.click()
        page.wait_for_selector("#consent-train-state:has-text('You object since')")
        page.click("#consent-train")
        page.click("dialog >> text=Cancel")
        page.wait_for_selector("dialog", state="detached")
        assert call(page, "GET", "/me")["consents"]["train"]["objection"]
        train.locator("button:has-text('Lift the objection')").click()
        page.wait_for_selector("#consent-train-state:has-text('Off since')")
        page.click("#consent-train")
        page.wait_for_selector("#consent-train[aria-checked='true']")
        expect(train).to_contain_text("so there is nothing new to use")
        expect(page.locator("#decisions li strong")).to_have_text(["Switched on", "Switched off", "Objected"])
        settle(page)
        page.locator("#decisions summary").first.click()
        shown = page.locator("#decisions li").first
        expect(shown).to_contain_text("may teach this house to understand better", use_inner_text=True)
        name, decisions = saved(page, "#decisions-save")
        assert name == "earwitness-consents.json"
        assert [(one["given"], one["objection"], one["way"]) for one in json.loads(decisions)] == [
            (True, False, "page"),
            (False, False, "page"),
            (False, True, "page"),
        ]


def test_the_other_switches_hold(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Greta") as here:
        page = here.page
        show(page, "/privacy")
        for switch in ("restrict", "aloud", "only-me"):
            page.click(f"#{switch}")
            page.wait_for_selector(f"#{switch}[aria-checked='true']")
        page.wait_for_selector("#restrict-since:has-text('Restricted since')")
        person = call(page, "GET", "/me")["person"]
        assert person["restricted_at"] is not None
        assert person["told_aloud"] is True
        page.reload()
        for switch in ("restrict", "aloud", "only-me"):
            page.wait_for_selector(f"#{switch}[aria-checked='true']")
        show(page, "/")
        hellos = [json.loads(text) for way, text in here.frames if way == "sent" and '"hello"' in text]
        assert [hello["only_me"] for hello in hellos] == [False, True]


def test_one_turn_is_restricted_and_deleted(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Ida", said=["turn on the desk lamp", "turn off the desk lamp"]) as here:
        page = here.page
        show(page, "/history")
        gone, stays = turn(page, "turn off"), turn(page, "turn on")
        stays.locator("[data-do=restrict]").click()
        stays.locator(".badge:has-text('Restricted')").wait_for()
        expect_focus(page, "[data-do=restrict]")
        assert call(page, "GET", "/history?search=on")["turns"][0]["restricted"]
        gone.locator("[data-do=delete]").click()
        page.click("dialog >> text=Cancel")
        page.wait_for_selector("dialog", state="detached")
        expect_focus(page, "[data-do=delete]")
        page.keyboard.press("Enter")
        page.click("dialog >> text=Delete for good")
        page.wait_for_selector(".gone:has-text('Deleted: 1 recording')")
        _, receipt = saved(page, ".gone .save-receipt")
        assert json.loads(receipt)["receipt"]["recordings"] == 1
        assert [one["transcript"] for one in call(page, "GET", "/history")["turns"]] == ["turn on the desk lamp"]
        page.wait_for_selector("#kept-words:has-text('1 turn kept')")


def test_a_day_a_range_and_everything_are_counted_before_they_are_deleted(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Jan", said=["turn on the desk lamp", "turn off the desk lamp", "what time is it"]) as here:
        page = here.page
        show(page, "/history")
        page.click("#delete")
        page.wait_for_selector("dialog:has-text('That is 3 turns.')")
        page.locator("dialog [type=date]").first.fill("2020-02-29")
        page.wait_for_selector("dialog:has-text('Nothing is kept of that.')")
        page.click("dialog >> text=Delete these for good")
        page.wait_for_selector("dialog:has-text('There is nothing to delete there')")
        page.locator("dialog [type=date]").nth(1).fill("2020-02-29")
        page.wait_for_selector("dialog:has-text('That is 3 turns.')")
        page.check("dialog [value=all]")
        page.wait_for_selector("dialog:has-text('That is 3 turns, all that is kept of you.')")
        page.click("dialog >> text=Delete these for good")
        page.wait_for_selector("dialog:has-text('3 recordings: gone for good')")
        _, receipt = saved(page, "dialog .save-receipt")
        assert json.loads(receipt)["receipt"]["recordings"] == 3
        page.click("dialog >> text=Close")
        page.wait_for_selector("#empty:has-text('Nothing yet')")
        assert call(page, "GET", "/me")["kept"]["recordings"] == 0


def test_older_turns_come_when_asked_for(launched: Browser, address: str) -> None:
    said = [f"set a timer for {number} minutes" for number in range(2, 25)]
    with somebody(launched, address, "Karl", said=said) as here:
        page = here.page
        show(page, "/history")
        expect(page.locator(".kept-turn")).to_have_count(20)
        page.focus("#older")
        page.keyboard.press("Enter")
        expect(page.locator(".kept-turn")).to_have_count(23)
        expect(page.locator(".kept-turn h3:focus")).to_have_text("set a timer for 4 minutes")
        expect(page.locator("#older")).to_be_hidden()
        days = page.locator("h2.day").all_inner_texts()
        assert len(days) == len(set(days)), "each has one heading, on whichever page of turns it is"


def test_a_listen_by_somebody_else_is_told_counted_and_then_no_news(launched: Browser, address: str, state: Path) -> None:
    with somebody(launched, address, "Lena", said=["turn on the desk lamp", "turn off the desk lamp"]) as here:
        page = here.page
        page.reload()
        page.wait_for_selector("#link.up")
        newest, other = call(page, "GET", "/history")["turns"]
        add_listens(state, "Lena", newest["turn_id"], ReadResult.SERVED, ReadResult.REFUSED)
        page.wait_for_selector(".notice:has-text('Somebody opened one of your recordings: amber-heron-4821')")
        page.wait_for_selector("#new-listens:has-text('2')")
        expect(page.locator(".notice")).to_have_count(2)
        page.locator(".notice button").first.click()
        expect(page.locator(".notice")).to_have_count(1)
        show(page, f"/listens?turn={other['turn_id']}")
        page.wait_for_selector("#one-turn:has-text('turn on the desk lamp')")
        page.wait_for_selector("#empty:has-text('Nobody but you opened this')")
        settle(page)
        expect(page.locator("#new-listens")).to_be_visible()
        show(page, "/history")
        turn(page, "turn off").locator("a:has-text('who listened')").click()
        expect(page.locator("#rows tr")).to_have_count(2)
        page.click("#one-turn >> text=Show all")
        page.wait_for_selector("#rows tr.refused:has-text('nothing was opened')")
        expect(page.locator("#rows tr.served")).to_contain_text("a reviewer")
        expect(page.locator("#new-listens")).to_be_hidden()
        assert call(page, "GET", "/me")["new_listens"] == 0
        page.wait_for_selector("#status:has-text('Others opened something of yours once. 1 attempt came to nothing.')")
        page.mouse.move(0, 0)
        take_picture(page, "listens.png")


def test_signing_out_empties_the_pages_in_every_tab(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Mia", said=["turn on the desk lamp"]) as here:
        page = here.page
        show(page, "/history")
        talk = page.context.new_page()
        talk.goto(address)
        talk.wait_for_selector("#kept-note:has-text('What Mia says here is kept')")
        page.click("#sign-out")
        page.wait_for_url("**/sign-in")
        talk.wait_for_url("**/sign-in")
        for path in ("/history", "/listens", "/privacy", "/account", "/people"):
            page.goto(f"{address}{path}")
            assert page.url == f"{address}/sign-in?next={path}"
            settle(page)
            assert "desk lamp" not in page.content()
        here.complaints.clear()


def test_who_leaves_is_gone(launched: Browser, address: str) -> None:
    with somebody(launched, address, "Nils", said=["turn on the desk lamp"]) as here:
        page = here.page
        show(page, "/privacy")
        page.click("#leave")
        with page.expect_download() as saved:
            page.click("dialog >> text=Delete me for good")
        page.wait_for_selector("dialog:has-text('You are deleted'):has-text('1 recording')")
        receipt = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
        assert receipt["receipt"]["kind"] == "person"
        assert receipt["proof"]["entry"]["kind"] == "erased"
        page.click("dialog >> text=Done")
        page.wait_for_url("**/sign-in")
        settle(page)
        page.fill("#name", "Nils")
        page.fill("#passphrase", PASSPHRASE)
        page.press("#passphrase", "Enter")
        page.wait_for_selector("#problem:has-text('do not belong together')")
        here.complaints.clear()


def press_until(page: Page, key: str, selector: str) -> None:
    """Press a key until the focus is on an element, as somebody without a mouse does."""
    page.wait_for_selector(selector, state="attached")
    for _ in range(100):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} cannot be reached with {key}")


def test_signing_in_keeping_and_deleting_needs_no_mouse(launched: Browser, address: str) -> None:
    with visit(launched, address, new="Olga", reduced_motion="reduce") as here:
        page = here.page
        page.context.clear_cookies()
        page.goto(f"{address}/privacy")
        settle(page)
        here.complaints.clear()
        expect_focus(page, "#name")
        page.keyboard.type("Olga")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSPHRASE)
        page.keyboard.press("Enter")
        page.wait_for_selector("#signed-in:visible")
        settle(page)
        press_until(page, "Tab", "[name=keep-period]")
        press_until(page, "ArrowLeft", "[value=day]")
        press_until(page, "Shift+Tab", "#consent-keep")
        page.keyboard.press("Space")
        page.wait_for_selector("#standing:has-text('kept for a day')")
        call(page, "POST", "/ask", {"text": "turn on the desk lamp"})
        show(page, "/history")
        press_until(page, "Tab", "[data-do=delete]")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog")
        press_until(page, "Shift+Tab", "dialog .danger")
        page.keyboard.press("Enter")
        expect(page.locator(".gone :focus")).to_have_text(re.compile("^Deleted"))
        press_until(page, "Tab", ".save-receipt")


PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize(("scheme", "screen"), [("light", {}), ("dark", PHONE)], ids=["desk", "phone"])
def test_axe_finds_nothing_while_something_goes_on(launched: Browser, address: str, scheme: str, screen: dict[str, Any]) -> None:
    with somebody(
        launched, address, f"Petra {scheme}", said=["turn on the desk lamp", "sing"], color_scheme=scheme, **screen
    ) as here:
        page = here.page
        show(page, "/privacy")
        page.check("[name=keep-period][value='other']")
        page.locator("#decisions summary").click()
        fits(page)
        page.click("#consent-keep")
        page.wait_for_selector("dialog")
        fits(page)
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        show(page, "/history")
        turn(page, "desk lamp").locator("[data-do=correct]").click()
        turn(page, "sing").locator("summary").click()
        turn(page, "sing").locator("[data-do=restrict]").click()
        turn(page, "sing").locator(".badge").wait_for()
        fits(page)
        page.click("#delete")
        page.wait_for_selector("dialog:has-text('That is 2 turns.')")
        fits(page)
        show(page, "/listens")
        page.click("#others")
        page.wait_for_selector("#rows tr")
        fits(page)


def fits(page: Page) -> None:
    """Whether axe finds nothing, nothing is wider than the window, and whatever can be pressed is large enough for a finger."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    small = page.eval_on_selector_all(
        "button, select, summary, nav a, a.button, input:not([type=radio]), label.option",
        "(all) => all.filter((one) => one.checkVisibility() && one.offsetHeight < 44).map((one) => one.outerHTML)",
    )
    assert small == []


def test_misunderstandings_are_drawn_and_listed_and_corrected_where_they_are(launched: Browser, address: str) -> None:
    said = ["turn on the desk lamb", "turn on the kitchen light", "frobnicate the gronk"]
    with somebody(launched, address, "Misheard", said=said) as here:
        page = here.page
        turns = page.request.get(f"{address}/api/v1/history").json()["turns"]
        heard = next(one["turn_id"] for one in turns if one["transcript"] == said[0])
        call(page, "PATCH", f"/history/{heard}", {"transcript": "turn on the desk lamp"})
        show(page, "/misunderstandings")
        expect(page.locator("#told")).to_contain_text("2 misunderstandings among the newest 3 kept turns")
        assert page.locator("#words li .stage-name").all_inner_texts() == ["“lamb” for “lamp”"]
        assert page.locator("#turns article").count() == 2
        assert page.locator("#reasons li").count() == 2
        assert Axe().run(page).response["violations"] == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    with somebody(launched, address, "Nobody Misheard", keeps=False) as here:
        show(here.page, "/misunderstandings")
        expect(here.page.locator("#told")).to_contain_text("Nothing is kept of what you say")
        assert here.page.locator("#turns article").count() == 0, "nobody else's turns are shown"
