"""Real ZIM files, made here with their indexes; and files, folders and readers that fail."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from earwitness.domain.answer import Answer
from earwitness.domain.errors import LinkError
from earwitness.links.encyclopedia import Encyclopedia

zim = pytest.importorskip("tests.zim", reason="no libzim here: install the extra encyclopedia")

TOWER = """<table class="infobox"><tr><th>Height</th><td>330 m</td></tr></table>
<p>The <b>Eiffel Tower</b> (<i>EYE-fəl</i>; French: Tour Eiffel <span class="IPA">[tuʁ ɛfɛl]</span>) is a tower in
Paris.<sup>[1]</sup> It is 330 metres tall. It is named after Gustave Eiffel.</p><h2>History</h2>
<p>It was built by Gustave Eiffel's company in 1889.</p>"""
PAGES = {
    "Eiffel Tower": TOWER,
    "Mercury": "<p><b>Mercury</b> may refer to:</p><ul><li>a planet</li></ul>",
    "Honey bee": "<p>A <b>honey bee</b> is an insect that makes honey. It lives in a hive.</p>",
    "Hive (structure)": "<p>A <b>hive</b> is where bees live.</p>",
    "Empty": "<p></p>",
    "Long": f"<p>A {'very ' * 200}long sentence.</p>",
}
OTHER = {"Honey bee": "<p>Another file about honey bees.</p>", "Quokka": "<p>The <b>quokka</b> is a small wallaby.</p>"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("zim")
    redirects = {"La Tour Eiffel": "Eiffel Tower"}
    zim.make_zim(place / "a.zim", PAGES, redirects=redirects, title="Simple Wikipedia", dated="2026-03-12")
    zim.make_zim(place / "b_animals.zim", OTHER, redirects={}, title="", dated="someday")
    (place / "c_damaged.zim").write_bytes((place / "a.zim").read_bytes()[:2000])
    (place / "d_none.zim").write_bytes(b"no file of that kind")
    return place


@pytest_asyncio.fixture
async def encyclopedia(folder: Path) -> AsyncIterator[Encyclopedia]:
    one = Encyclopedia(folder)
    yield one
    await one.close()


async def test_the_first_sentence_is_said_and_its_source(encyclopedia: Encyclopedia) -> None:
    expected = Answer(
        sentence="The Eiffel Tower is a tower in Paris.",
        more=("It is 330 metres tall.", "It is named after Gustave Eiffel."),
        title="Eiffel Tower",
        source="Eiffel Tower in Simple Wikipedia, March 2026",
    )
    for topic in ("Eiffel Tower", "the eiffel tower?", "La Tour Eiffel"):
        assert await encyclopedia.look_up(topic) == expected, topic


async def test_several_files_are_read_in_order_and_damaged_ones_are_counted(encyclopedia: Encyclopedia) -> None:
    bee, quokka = await encyclopedia.look_up("honey bee"), await encyclopedia.look_up("quokka")
    assert bee is not None
    assert quokka is not None
    assert (bee.source, quokka.source) == ("Honey bee in Simple Wikipedia, March 2026", "Quokka in b animals")
    books, damaged = await encyclopedia.books()
    assert [book.name for book in books] == ["Simple Wikipedia", "b animals"]
    assert damaged == 2


async def test_a_search_finds_by_title_and_by_what_is_said(encyclopedia: Encyclopedia) -> None:
    assert "Eiffel Tower" in await encyclopedia.search("Eiff")
    assert "Honey bee" in await encyclopedia.search("which insect lives in a hive")
    hive = await encyclopedia.look_up("hive")
    assert hive is not None
    assert hive.title == "Hive (structure)"


async def test_a_fact_is_the_sentence_that_answers(encyclopedia: Encyclopedia) -> None:
    tall = await encyclopedia.find_fact("how tall is the Eiffel Tower?")
    assert tall is not None
    assert (tall.sentence, tall.source) == ("It is 330 metres tall.", "Eiffel Tower in Simple Wikipedia, March 2026")
    built = await encyclopedia.find_fact("when was the eiffel tower built")
    assert built is not None
    assert built.sentence == "It was built by Gustave Eiffel's company in 1889."


async def test_what_is_not_known_is_none(encyclopedia: Encyclopedia) -> None:
    for topic in ("Mercury", "Empty", "Long", "Xyzzy", "", "a tower of bees", "\x00", "⟨" * 1000, '"(NOT) AND *'):
        assert await encyclopedia.look_up(topic) is None, topic
    for question in (
        "how tall is Mercury",
        "how wide is the Eiffel Tower",
        "who won the Eiffel Tower",
        "sing",
        "how tall is Paris",
    ):
        assert await encyclopedia.find_fact(question) is None, question


async def test_a_file_that_is_added_is_found_without_a_restart(tmp_path: Path) -> None:
    encyclopedia = Encyclopedia(tmp_path)
    assert await encyclopedia.look_up("quokka") is None
    await asyncio.to_thread(zim.make_zim, tmp_path / "new.zim", OTHER, redirects={}, title="New", dated="2026-01-01")
    found = await encyclopedia.look_up("quokka")
    assert found is not None
    assert found.source == "Quokka in New, January 2026"
    await encyclopedia.close()


async def test_a_reader_that_dies_is_an_error_and_the_next_question_starts_it_again(encyclopedia: Encyclopedia) -> None:
    assert await encyclopedia.look_up("quokka") is not None
    process = encyclopedia._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    asked = asyncio.create_task(encyclopedia.look_up("quokka"))
    await asyncio.sleep(0)
    process.kill()
    with pytest.raises(LinkError):
        await asked
    assert await encyclopedia.look_up("quokka") is not None


@pytest.mark.quiet
async def test_a_reader_that_hangs_is_ended_in_time(folder: Path) -> None:
    encyclopedia = Encyclopedia(folder, timeout_seconds=0.5)
    await encyclopedia.books()
    process = encyclopedia._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(LinkError) as caught:
        await encyclopedia.look_up("quokka")
    assert caught.value.code == "link.slow"
    assert time.monotonic() - began < 3.0
    assert process.returncode is not None
    await encyclopedia.close()


async def test_an_answer_that_nobody_waits_for_is_not_taken_for_the_next(encyclopedia: Encyclopedia) -> None:
    await encyclopedia.books()
    process = encyclopedia._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    before = encyclopedia._last_id
    given_up = asyncio.create_task(encyclopedia.look_up("quokka"))
    while encyclopedia._last_id == before:  # noqa: ASYNC110  (the reader is stopped and can set no event)
        await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    os.kill(process.pid, signal.SIGCONT)
    bee = await encyclopedia.look_up("honey bee")
    assert bee is not None
    assert bee.title == "Honey bee"


async def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LinkError):
        await Encyclopedia(tmp_path / "none").look_up("quokka")


async def test_questions_at_once_are_all_answered(encyclopedia: Encyclopedia) -> None:
    found = await asyncio.gather(*(encyclopedia.look_up(topic) for topic in ("quokka", "honey bee", "xyzzy", "Eiffel Tower")))
    assert [answer.title if answer else None for answer in found] == ["Quokka", "Honey bee", None, "Eiffel Tower"]
    assert encyclopedia.outgoing == ()
