"""A real dictd with WordNet, one that is down and comes back, and servers that are slow or hostile."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError, SettingsError
from earwitness.links.dictionary import Dictionary
from tests.strange_servers import Answer, broken_off, free_port, serving, silent

WORDNET = Path("/usr/share/dictd/wn.index")
START_SECONDS = 20.0
GREETING = b"220 strange <auth> <1@strange>\r\n"


class Dictd:
    """A dictd of a test's own, in the foreground, that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        data = WORDNET.with_name("wn.dict.dz")
        (folder / "dictd.conf").write_text(f"database wn {{ data {data}\n index {WORDNET} }}\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        where = ["--listen-to", "127.0.0.1", "--port", str(self.port), "--pid-file", str(self._folder / "pid")]
        command = ["dictd", "-d", "nodetach", "--locale", "C.UTF-8", "--config", str(self._folder / "dictd.conf"), *where]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return
            time.sleep(0.02)
        raise RuntimeError((self._folder / "log").read_text(encoding="utf-8", errors="replace")[-500:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def dictd() -> Iterator[Dictd]:
    if shutil.which("dictd") is None or not WORDNET.exists():
        pytest.skip("no dictionary server here: as root, run apt-get install -y --no-install-recommends dictd dict-wn")
    with tempfile.TemporaryDirectory(prefix="earwitness-dictd-") as folder:
        Path(folder).chmod(0o755)  # started by root, it becomes another user
        server = Dictd(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("gravity", "Gravity, a noun: in physics, the force of attraction between all masses in the universe."),
        ("quickly", "Quickly, an adverb: with rapid movements."),
        ("Ice cream?", "Ice cream, a noun: frozen dessert containing cream and sugar and flavoring."),
        ("paris", "Paris, a noun: the capital and largest city of France; and international center of culture and commerce."),
        ("abandon", "Abandon, a noun: the trait of lacking restraint or control; reckless freedom from inhibition or worry."),
        ("telescopes", "Telescope, a noun: a magnifier of images of distant objects."),
        ("cities", None),
    ],
)
async def test_the_first_sense_is_one_sentence(dictd: Dictd, word: str, sentence: str | None) -> None:
    answer = await Dictionary("127.0.0.1", port=dictd.port).define(word)
    assert answer is not None
    assert answer.source == "WordNet 3.0"
    assert answer.sentence == (sentence or answer.sentence)
    assert answer.title.casefold() in (word.casefold().rstrip("?"), "telescope", "city")


async def test_more_holds_the_other_senses_without_examples_and_brackets(dictd: Dictd) -> None:
    answer = await Dictionary("localhost", port=dictd.port, database="!").define("run")
    assert answer is not None
    assert answer.sentence == "Run, a noun: a score in baseball made by a runner touching all four bases safely."
    assert answer.more[0] == "Also: the act of testing something."
    assert len(answer.more) == 7
    assert not any(mark in sentence for sentence in answer.more for mark in '[]{}()"')
    beautiful = await Dictionary("localhost", port=dictd.port).define("beautiful")
    assert beautiful is not None
    assert beautiful.more == ("Also: of weather, highly enjoyable.",)


async def test_a_word_that_is_none_is_not_known(dictd: Dictd) -> None:
    dictionary = Dictionary("127.0.0.1", port=dictd.port)
    for word in ("zzzzqq", "", '"\\', "a" * 5000, "run\r\nQUIT", "his", 'x" wn "run'):
        answer = await dictionary.define(word)
        assert answer is None or answer.title == "run", word
    assert (await dictionary.define("house")) is not None


async def test_a_dictionary_that_the_server_does_not_have_is_refused(dictd: Dictd) -> None:
    with pytest.raises(LinkError) as caught:
        await Dictionary("127.0.0.1", port=dictd.port, database="nothing").define("run")
    assert caught.value.code == "link.refused"


async def test_a_server_that_is_down_and_comes_back(dictd: Dictd) -> None:
    dictionary = Dictionary("127.0.0.1", port=dictd.port)
    dictd.stop()
    try:
        with pytest.raises(LinkError) as caught:
            await dictionary.define("house")
        assert caught.value.code == "link.unreachable"
    finally:
        dictd.start()
    assert (await dictionary.define("house")) is not None


def saying(*lines: str) -> Answer:
    """Greets, answers the first command with these lines and hangs up."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await reader.readline()
        writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await writer.drain()

    return say


@pytest.mark.quiet
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (silent, "link.slow"),
        (broken_off, "link.slow"),
        (saying("150 1 found", '151 "run" wn "WordNet"', "run"), "link.nonsense"),
        (saying("150 1 found", '151 "run" wn "WordNet"', *["a" * 4000] * 100), "link.too_large"),
        (saying("150 999999 found"), "link.nonsense"),
        (saying("150 1 found", "250 ok"), "link.nonsense"),
        (saying("150 1 found", '151 "run" wn "WordNet"', "a" * 10000), "link.nonsense"),
        (saying("420 temporarily unavailable"), "link.refused"),
        (saying("HTTP/1.1 400 Bad Request"), "link.nonsense"),
    ],
    ids=["silent", "waits", "cut off", "endless", "many", "none after all", "long line", "unavailable", "another protocol"],
)
async def test_hostile_answers_are_bounded_errors(answer: Answer, code: str) -> None:
    async with serving(answer) as port:
        began, seconds = time.monotonic(), 0.4 if code == "link.slow" else 5.0
        with pytest.raises(LinkError) as caught:
            await Dictionary("127.0.0.1", port=port, timeout_seconds=seconds).define("run")
    assert caught.value.code == code
    assert time.monotonic() - began < 4.0


async def test_a_greeting_that_never_ends_is_bounded() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"2" * 65536)
            await writer.drain()

    async with serving(flood) as port:
        with pytest.raises(LinkError) as caught:
            await Dictionary("127.0.0.1", port=port, timeout_seconds=5.0).define("run")
    assert caught.value.code == "link.nonsense"


async def test_a_dictionary_in_another_form_gives_its_first_sentence() -> None:
    lines = ["Lamp \\Lamp\\, n.", "   A light. It burns oil.", "..and more."]
    async with serving(saying("150 1 found", '151 "Lamp" gcide "The Dictionary (GNU)"', *lines, ".", "250 ok")) as port:
        answer = await Dictionary("127.0.0.1", port=port, database="*").define("lamp")
    assert answer is not None
    assert (answer.sentence, answer.source) == ("Lamp \\Lamp\\, n.: A light.", "The Dictionary")
    assert answer.more == ("It burns oil.", ".and more.")


def test_another_machine_is_asked_only_if_that_was_allowed() -> None:
    with pytest.raises(SettingsError, match=r"dictionary\.allows_plain"):
        Dictionary("dict.example.org")
    assert Dictionary("dict.example.org", allows_plain=True).outgoing == ("dict.example.org",)
    assert Dictionary("127.0.0.1").outgoing == ()
    with pytest.raises(SettingsError, match=r"dictionary\.database"):
        Dictionary("127.0.0.1", database='wn "x"\r\n')
