"""Which chain hears a request, what is counted of what follows, and that what goes wrong is taken back by itself."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, Turn
from earwitness.improve.adapting import Chain
from earwitness.improve.improver import Improver
from earwitness.improve.models import Model, State
from earwitness.improve.running import AdaptedRecogniser, AdaptedUnderstander, InUse, is_tried
from earwitness.improve.signals import LiveSignals
from earwitness.jobs.follow_models import FollowModels
from earwitness.storage.household import consents
from earwitness.storage.improve import improve_items
from tests.houses_kept import NOON, KeptHouse, kept_house
from tests.improving import Misheard, chain, improver, judged_house
from tests.second_looks import deaf, wake

HEARD = "turn on the lamb 1"
KITCHEN = Context(device_id="kitchen")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a house with one version that may be used: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("learned")
    with kept_house(folder) as made:
        judged_house(made)
        loop = improver(made)
        loop.sets.make()
        loop.measure(loop.learn(loop.register()))
    return folder


@pytest.fixture
def house(learned: Path, tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(Path(shutil.copytree(learned, tmp_path / "house"))) as made:
        yield made


def in_use(house: KeptHouse, loop: Improver) -> InUse:
    made = InUse(chain(), improver=lambda: loop, clock=house.clock)
    made.refresh()
    return made


def understands(running: InUse, context: Context = KITCHEN) -> bool:
    return AdaptedUnderstander(running).understand(HEARD, context=context).intent is not None


def test_what_is_promoted_is_used_and_what_is_taken_back_is_not(house: KeptHouse) -> None:
    loop = improver(house)
    running = in_use(house, loop)
    assert not understands(running)
    loop.promote(loop.models.find("1"), by="anna", share=1.0)
    running.refresh()
    assert understands(running)
    heard = AdaptedRecogniser(running, name="scripted").transcribe(Pcm(data=b"turn on the lamp"), context=KITCHEN)
    assert heard.text == "turn on the lamp"
    loop.roll_back(why="It got worse.", by="anna")
    running.refresh()
    assert not understands(running)


def test_a_trial_hears_its_share_of_the_hours_and_one_turn_alike(house: KeptHouse) -> None:
    loop = improver(house)
    model = loop.promote(loop.models.find("1"), by="anna", share=0.2)
    hours = [NOON + timedelta(hours=at) for at in range(2_000)]
    share = sum(is_tried(model, KITCHEN, hour) for hour in hours) / len(hours)
    assert share == pytest.approx(0.2, abs=0.03)
    assert all(is_tried(model, KITCHEN, hour) is is_tried(model, KITCHEN, hour + timedelta(minutes=59)) for hour in hours[:200])
    running = in_use(house, loop)
    house.clock.now = next(hour for hour in hours if is_tried(model, KITCHEN, hour))
    assert understands(running)
    house.clock.now = next(hour for hour in hours if not is_tried(model, KITCHEN, hour))
    assert not understands(running)


def test_what_cannot_be_loaded_is_left_out(house: KeptHouse) -> None:
    loop = improver(house)
    loop.promote(loop.models.find("1"), by="anna", share=1.0)
    house.vault.safe.discard(f"improve/{loop.models.find('1').model_id}")
    assert not understands(in_use(house, loop))


class Deafened(Misheard):
    """Takes no wake word for one."""

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        return replace(super().put_in(chain, files), second_look=deaf())


def test_what_was_taken_back_looks_at_no_wake_word_of_a_stream_that_goes_on(house: KeptHouse) -> None:
    loop = improver(house, Deafened())
    running = in_use(house, loop)
    look, sound = running.is_wake, wake(Pcm(data=b""))
    assert look(sound)
    told: list[bool] = []
    running.subscribe(lambda: told.append(running.sent_second_look is not None))
    loop.promote(loop.models.find("1"), by="anna", share=0.2)
    running.refresh()
    assert look(sound), "on trial it looks at nothing"
    loop.promote(loop.models.find("1"), by="anna", share=1.0)
    running.refresh()
    assert not look(sound)
    loop.roll_back(why="It is deaf.", by="anna")
    running.refresh()
    assert look(sound)
    running.refresh()
    assert told == [False, True, False], "once for each change"


def test_satellites_are_sent_only_what_all_who_taught_it_agreed_to_send(house: KeptHouse) -> None:
    loop = improver(house, Deafened())
    loop.promote(loop.models.find("1"), by="anna", share=1.0)
    made = loop.sets.find(loop.models.find("1").set_id)
    teachers = [one for one in house.people.all() if made.set_id in loop.sets.of_person(one.person_id)]
    with house.database.writing() as connection:  # as they agreed before there was the text of now
        connection.execute(sa.update(consents).where(consents.c.purpose == Purpose.TRAIN.value).values(text_version=2))
    running = in_use(house, loop)
    told: list[bool] = []
    running.subscribe(lambda: told.append(running.sent_second_look is not None))
    assert not running.is_wake(wake(Pcm(data=b""))), "here it is used"
    assert running.sent_second_look is None
    for one in teachers:
        running.refresh()
        assert running.sent_second_look is None
        house.consent(one, Purpose.TRAIN)
    running.refresh()
    assert running.sent_second_look == running.chain(None).second_look
    assert told == [True]
    with house.database.writing() as connection:
        connection.execute(sa.update(improve_items).values(person_id=None))  # their owner is gone
    running.refresh()
    assert running.sent_second_look is None


def turn(said: str, *, intent: str | None = None, outcome: Outcome = Outcome.DONE) -> Turn:
    meant = None if intent is None else Intent(name=intent)
    return Turn(turn_id="0" * 32, transcript=said, outcome=outcome, reply="", intent=meant)


def trying(house: KeptHouse, loop: Improver) -> tuple[LiveSignals, Model, InUse]:
    model = loop.promote(loop.models.find("1"), by="anna", share=0.5)
    running = in_use(house, loop)
    return LiveSignals(house.database, trial=running.trial, clock=house.clock), model, running


def test_what_people_do_after_a_turn_is_counted_without_a_word(house: KeptHouse) -> None:
    loop = improver(house)
    signals, model, running = trying(house, loop)
    house.clock.now = next(hour for at in range(99) if is_tried(model, KITCHEN, hour := NOON + timedelta(hours=at, minutes=5)))
    signals.note(turn("turn on the zymurgy lamp"), KITCHEN)
    signals.note(turn("turn on the zymurgy lamp please"), KITCHEN)  # asked again
    signals.note(turn("never mind", intent="HassNevermind"), KITCHEN)  # called off
    signals.note(turn("what time is it"), KITCHEN)
    signals.note(turn("that is not what i said", intent="CorrectHeard"), KITCHEN)
    signals.note(turn("play some music"), KITCHEN)
    house.clock.advance(seconds=31)
    signals.note(turn("play some music"), KITCHEN)  # much later: a new wish
    signals.note(turn("play some music"), replace(KITCHEN, device_id="somewhere else"))
    signals.note(turn("turn on the light"), KITCHEN)
    signals.note(turn("i was not talking to you", intent="MarkFalseWake"), KITCHEN)
    signals.flush()
    with_it, without = loop.models.signals(model)
    assert with_it.turns + without.turns == 7
    assert (with_it.repeats, with_it.cancellations, with_it.corrections) == (1, 1, 2)
    assert running.trial(KITCHEN) is not None
    assert all(b"zymurgy" not in path.read_bytes() for path in house.folder.glob("household.db*"))


def test_words_of_pages_that_were_left_are_forgotten(house: KeptHouse) -> None:
    signals, _, _ = trying(house, improver(house))
    for at in range(50):
        signals.note(turn("turn on the zymurgy lamp"), Context(page_id=f"page {at}"))
    house.clock.advance(seconds=31)
    signals.note(turn("turn on the lamp"), KITCHEN)
    signals.flush()
    assert set(signals._last) == {"kitchen"}, "nothing of the pages is in memory any more"


def test_what_goes_wrong_is_taken_back_by_itself(house: KeptHouse) -> None:
    loop = improver(house)
    signals, model, running = trying(house, loop)
    job = FollowModels(lambda: loop, flush=signals.flush, refresh=running.refresh)
    for at in range(120):
        house.clock.advance(hours=1)
        signals.note(turn(f"request {at}"), KITCHEN)
        if is_tried(model, KITCHEN, house.clock()):
            signals.note(turn("never mind", intent="HassNevermind"), KITCHEN)
    job.look()
    (entry,) = house.entries("improve.taken_back")
    assert entry["by"] == "earwitness"
    assert "went wrong with it" in entry["why"]
    assert loop.models.find("1").state is State.TAKEN_BACK
    assert not understands(running)


def test_without_a_trial_nothing_is_counted(house: KeptHouse) -> None:
    loop = improver(house)
    running = in_use(house, loop)
    signals = LiveSignals(house.database, trial=running.trial, clock=house.clock)
    signals.note(turn("turn on the lamp"), KITCHEN)
    signals.flush()
    assert loop.models.signals(loop.models.find("1"))[0].turns == 0
