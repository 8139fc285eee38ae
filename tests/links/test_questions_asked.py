"""Questions through the whole assistant, with a real dictd, a ZIM file and a language model configured at once: who is asked, in
which order, who is named, and what is said while one is down, hangs or refuses the key."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from earwitness.build import House
from earwitness.config import DictionarySettings, EncyclopediaSettings, LanguageModelSettings, Settings
from earwitness.demo import sound_of
from earwitness.domain.turn import Outcome, Turn
from tests.links.servers import Server, free_port, running
from tests.strange_servers import serving
from tests.unit.links.test_language_model import KEY, ChatServer

zim = pytest.importorskip("tests.zim", reason="no libzim here: install the extra encyclopedia")
WORDNET = Path("/usr/share/dictd/wn.index")
PAGES = {
    "Eiffel Tower": '<table class="infobox"><tr><th>Height</th><td>330 m</td></tr></table>'
    "<p>The <b>Eiffel Tower</b> is a tower in Paris. It is 330 metres tall.</p>",
    "Quokka": "<p>The <b>quokka</b> is a small wallaby. It lives on Rottnest Island.</p>",
}
MODEL_SAYS = "Sunlight is scattered by the air. Blue light is scattered most."

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(not WORDNET.exists(), reason="no WordNet for dictd: `python tests/prepare.py --links` installs it"),
]


@dataclass
class Asked:
    """A house with all three, and what stands behind them."""

    house: House
    dictd: Server
    model: ChatServer
    key_file: Path

    async def says(self, text: str) -> Turn:
        """One typed question, and nothing remembered of the one before."""
        turn, _ = await self.house.assistant.go_on(text)
        return turn

    async def why(self, text: str) -> tuple[Turn, str]:
        """One typed question, and what "why did you do that" says then."""
        turn, so_far = await self.house.assistant.go_on(text)
        told, _ = await self.house.assistant.go_on("why did you do that", so_far=so_far)
        return turn, told.reply

    def write_key(self, key: str) -> None:
        self.key_file.write_text(f"{key}\n")
        self.key_file.chmod(0o600)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that dictd may read: started by root, it becomes another user."""
    with tempfile.TemporaryDirectory(prefix="earwitness-dictd-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def zim_folder(tmp_path: Path) -> Path:
    """A folder with one file of articles."""
    folder = tmp_path / "zim"
    folder.mkdir()
    zim.make_zim(folder / "a.zim", PAGES, redirects={}, title="Simple Wikipedia", dated="2026-03-12")
    return folder


@pytest.fixture
async def asked(tmp_path: Path, zim_folder: Path, open_folder: Path) -> AsyncIterator[Asked]:
    port, key_file = free_port(), tmp_path / "key"
    data = WORDNET.with_name("wn.dict.dz")
    (open_folder / "dictd.conf").write_text(f"database wn {{ data {data}\n index {WORDNET} }}\n")
    where: list[str | Path] = ["--listen-to", "127.0.0.1", "--port", str(port), "--pid-file", open_folder / "pid"]
    arguments: list[str | Path] = ["-d", "nodetach", "--locale", "C.UTF-8", "--config", open_folder / "dictd.conf", *where]
    model = ChatServer(content=MODEL_SAYS)
    with running("dictd", arguments, folder=open_folder, port=port) as dictd:
        async with serving(model.answer) as model_port:
            settings = Settings(
                dictionary=DictionarySettings(host="127.0.0.1", port=port),
                encyclopedia=EncyclopediaSettings(folder=zim_folder),
                language_model=LanguageModelSettings(url=f"http://127.0.0.1:{model_port}/v1", model="m", key_file=key_file),
            )
            with House(settings, state=tmp_path / "state") as house:
                one = Asked(house=house, dictd=dictd, model=model, key_file=key_file)
                one.write_key(KEY)
                await asyncio.to_thread(lambda: house.engines)
                yield one


def freeze_encyclopedia(house: House) -> None:
    """Let the process that reads the files hang, as a dying disk would."""
    process = house.encyclopedia._process if house.encyclopedia is not None else None
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)


async def test_each_question_goes_to_the_first_who_knows_and_says_who_that_is(asked: Asked) -> None:
    for question, source, sentence in (
        ("what is 12 times 12", "", "144"),
        ("how tall is the eiffel tower", "Eiffel Tower in Simple Wikipedia, March 2026", "330"),
        ("what is a quokka", "Quokka in Simple Wikipedia, March 2026", "small wallaby"),
        ("what does quixotic mean", "WordNet", "sensible"),
    ):
        turn = await asked.says(question)
        assert (turn.outcome, sentence in turn.reply, source in turn.reply) == (Outcome.ANSWERED, True, True), turn.reply
    assert asked.model.asked == [], "nothing that is known here leaves for the model"
    turn, why = await asked.why("why is the sky blue")
    assert (turn.outcome, "According to the language model on this machine" in turn.reply, "scattered" in turn.reply) == (
        Outcome.ANSWERED,
        True,
        True,
    ), turn.reply
    assert len(asked.model.asked) == 1
    assert "elsewhere" not in why, "those who did not know it did not fail"


async def test_a_spoken_question_is_looked_up(asked: Asked) -> None:
    if shutil.which("espeak-ng") is None and not asked.house.voices.voices():
        pytest.skip("no voice here")
    sound = await asyncio.to_thread(sound_of, asked.house, "How tall is the Eiffel Tower?")
    turn, _ = await asked.house.ask(sound)
    assert "According to Eiffel Tower in Simple Wikipedia, March 2026" in turn.reply, (turn.transcript, turn.reply)
    assert "330" in turn.reply


async def test_one_that_is_down_or_hangs_is_passed_over_and_why_says_so(asked: Asked) -> None:
    await asked.says("what is a quokka")
    asked.dictd.kill()
    turn, why = await asked.why("what does quixotic mean")
    assert (turn.outcome, "According to the language model on this machine" in turn.reply) == (Outcome.ANSWERED, True), turn.reply
    assert "I asked elsewhere too: The dictionary server cannot be reached" in why
    freeze_encyclopedia(asked.house)
    turn, why = await asked.why("how tall is the eiffel tower")
    assert (turn.outcome, "According to the language model on this machine" in turn.reply) == (Outcome.ANSWERED, True), turn.reply
    assert "I asked elsewhere too: The encyclopedia" in why
    asked.dictd.start()
    for question, source in (("what does quixotic mean", "WordNet"), ("what is a quokka", "Quokka in Simple Wikipedia")):
        turn, why = await asked.why(question)
        assert (source in turn.reply, "elsewhere" in why) == (True, False), "they are asked again once they are back"


async def test_one_that_hangs_does_not_hold_the_others_up(asked: Asked) -> None:
    asked.dictd.freeze()
    turn, why = await asked.why("what does quixotic mean")
    assert (turn.outcome, "According to the language model on this machine" in turn.reply) == (Outcome.ANSWERED, True), turn.reply
    assert "The dictionary server did not answer within 2 seconds" in why


async def test_a_wrong_key_is_said_and_the_others_answer(asked: Asked) -> None:
    asked.write_key("sk-wrong")
    turn = await asked.says("why is the sky blue")
    assert (turn.outcome, "key" in turn.reply) == (Outcome.FAILED, True), turn.reply
    assert "WordNet" in (await asked.says("what does quixotic mean")).reply
    asked.dictd.kill()
    turn, why = await asked.why("what does quixotic mean")
    assert (turn.outcome, "dictionary server cannot be reached" in turn.reply) == (Outcome.FAILED, True), turn.reply
    assert "I asked elsewhere too:" in why
    assert "key" in why
