"""Sets out of a real vault: who is in them, what the ledger says, and that what is gone is gone from every later one."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.consent import Purpose
from earwitness.domain.errors import ImproveError, VaultError
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection
from earwitness.domain.review import Annotation
from earwitness.improve.data_set import Side
from earwitness.improve.data_sets import DataSet, DataSets, taught
from tests.houses_kept import REVIEWER, KeptHouse, kept_house, sound

TRAINS = [Purpose.REVIEW, Purpose.TRAIN]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        yield made


def sets_of(house: KeptHouse) -> DataSets:
    return DataSets(
        house.database,
        door=house.vault.door,
        consents=house.consents,
        ledger=house.ledger,
        people=house.people.all,
        clock=house.clock,
    )


def said(house: KeptHouse, person: Person, count: int, *, what: str = "turn on lamp", pcm: bytes = b"") -> list[str]:
    """Ids of turns that the person said and judged."""
    ids = [house.keep(person, f"{what} {at}", sound=pcm) for at in range(count)]
    for at, turn_id in enumerate(ids):
        house.rights.judge(person.person_id, turn_id, transcript=f"turn on the lamp {at}", intent="HassTurnOn")
    return ids


def recordings(made: DataSet) -> set[str]:
    return {item.recording for item in made.manifest.items}


def test_a_set_is_ids_and_a_committed_digest(house: KeptHouse) -> None:
    people = [house.enrolled(name, also=TRAINS) for name in ("Anna", "Ben", "Carl", "Dora")]
    ids = {turn_id for person in people for turn_id in said(house, person, 4)}
    made = sets_of(house).make()
    assert recordings(made) == ids
    (entry,) = house.entries("improve.set")
    assert entry["set_sha256"] == made.set_id == made.manifest.set_id
    assert "lamp" not in made.manifest.as_bytes().decode()
    assert not any(person.person_id in made.manifest.as_bytes().decode() for person in people)


def test_reading_for_a_set_is_on_the_persons_list(house: KeptHouse) -> None:
    anna = house.enrolled(also=TRAINS)
    said(house, anna, 10)
    sets_of(house).make()
    reads = house.rights.listens(anna.person_id)
    assert {(read.actor.alias, read.purpose.value, read.medium.value) for read in reads} == {("training", "training", "text")}


def test_who_did_not_consent_is_not_opened(house: KeptHouse) -> None:
    anna, ben = house.enrolled(also=TRAINS), house.enrolled("Ben", also=[Purpose.REVIEW])
    said(house, anna, 10)
    others = set(said(house, ben, 10))
    assert not recordings(sets_of(house).make()) & others
    assert not house.rights.listens(ben.person_id)


def test_what_was_not_judged_and_what_is_disputed_is_left_out(house: KeptHouse) -> None:
    anna = house.enrolled(also=TRAINS)
    said(house, anna, 10)
    plain, disputed, same = house.keep(anna), house.keep(anna), house.keep(anna, "turn on lamp 1")
    house.rights.judge(anna.person_id, same, transcript="turn on the lamp 1", intent="HassTurnOn")
    for by in ("calm-otter", "wry-heron"):
        annotation = Annotation(annotation_id=secrets.token_hex(16), by=by, made_at=house.clock(), transcript=by, intent=None)
        house.vault.door.annotate(REVIEWER, disputed, annotation)
    made = sets_of(house).make()
    assert not recordings(made) & {plain, disputed, same}
    assert made.manifest.left_out == {"disputed": 1, "duplicate": 1}


def test_false_wakes_with_a_sound_are_no_duplicates_and_those_without_are(house: KeptHouse) -> None:
    anna = house.enrolled(also=TRAINS)
    said(house, anna, 10)
    with_sound = {house.keep(anna, "", sound=sound(1.0, seed=seed)) for seed in range(3)}
    without = {house.keep(anna, "") for _ in range(3)}
    for turn_id in (*with_sound, *without):
        house.rights.judge(anna.person_id, turn_id, transcript="", is_false_wake=True)
    made = sets_of(house).make()
    assert with_sound < recordings(made)
    assert (len(recordings(made) & without), made.manifest.left_out) == (1, {"duplicate": 2})


def test_too_few_are_no_set(house: KeptHouse) -> None:
    said(house, house.enrolled(also=TRAINS), 9)
    with pytest.raises(ImproveError, match="9 judged recordings"):
        sets_of(house).make()


def test_nothing_new_is_no_new_set(house: KeptHouse) -> None:
    said(house, house.enrolled(also=TRAINS), 10)
    first = sets_of(house).make()
    house.clock.advance(hours=1)
    assert sets_of(house).make() == first


def test_examples_have_the_words_and_the_sound(house: KeptHouse) -> None:
    anna, sets = house.enrolled(also=TRAINS), sets_of(house)
    pcm = sound(0.2)
    said(house, anna, 10, pcm=pcm)
    made = sets.make()
    examples = [one for side in Side for one in sets.examples(made, side)]
    assert {one.transcript for one in examples} == {f"turn on the lamp {at}" for at in range(10)}
    assert all(one.heard.startswith("turn on lamp") and one.intent == "HassTurnOn" for one in examples)
    heard = sets.sound(examples[0].recording_id)
    assert heard is not None
    assert heard.data == pcm


@pytest.mark.parametrize("what", ["delete", "withdraw", "withdraw and give again", "restrict", "judge anew", "leave"])
def test_a_set_of_which_something_is_gone_teaches_no_more(house: KeptHouse, what: str) -> None:
    house.enrolled("Owner")
    anna, ben, sets = house.enrolled(also=TRAINS), house.enrolled("Ben", also=TRAINS), sets_of(house)
    ids, _ = said(house, anna, 10), said(house, ben, 10)
    made = sets.make()
    house.clock.advance(seconds=1)
    taught_id = next(item.recording for item in made.manifest.of(Side.TEACHES) if item.recording in ids)
    match what:
        case "delete":
            house.rights.erase_said(anna.person_id, Selection(turn_ids=(taught_id,)))
        case "withdraw":
            house.consent(anna, Purpose.TRAIN, is_given=False)
        case "withdraw and give again":
            house.consent(anna, Purpose.TRAIN, is_given=False)
            house.consent(anna, Purpose.TRAIN)
        case "restrict":
            house.rights.restrict(anna.person_id, turn_id=taught_id)
        case "judge anew":
            house.rights.judge(anna.person_id, taught_id, transcript="something else", intent=None)
        case "leave":
            house.rights.erase_person(anna.person_id)
    with pytest.raises(ImproveError) as caught:
        sets.examples(made, Side.TEACHES)
    assert caught.value.code == "improve.changed"
    has_to_go = what not in ("restrict", "judge anew")
    assert bool(taught(sets.lost(made), made)) is has_to_go


def test_whoever_withdraws_while_a_set_is_made_is_lost_to_it_though_they_agree_again(house: KeptHouse) -> None:
    people = [house.enrolled(name, also=TRAINS) for name in ("Anna", "Ben", "Carl", "Dora")]
    for person in people:
        said(house, person, 4)
    first = sorted(people, key=lambda one: [each.person_id for each in house.people.all()].index(one.person_id))[0]

    def wavering(done: int, total: int) -> None:
        house.clock.advance(seconds=1)
        if done == 1:
            house.consent(first, Purpose.TRAIN, is_given=False)
            house.consent(first, Purpose.TRAIN, is_given=True)

    made = sets_of(house).make(wavering)
    house.clock.advance(seconds=1)
    assert len(sets_of(house).lost(made)) == 4


def test_what_is_over_its_time_does_not_take_a_model_with_it(house: KeptHouse) -> None:
    sets = sets_of(house)
    said(house, house.enrolled(also=TRAINS), 10)
    made = sets.make()
    house.clock.advance(days=8)
    assert set(sets.lost(made).values()) == {"expired"}
    assert not taught(sets.lost(made), made)


def test_a_changed_manifest_is_noticed(house: KeptHouse) -> None:
    import sqlalchemy as sa

    from earwitness.storage.improve import improve_sets

    said(house, house.enrolled(also=TRAINS), 10)
    made = sets_of(house).make()
    with house.database.writing() as connection:
        connection.execute(sa.update(improve_sets).values(manifest=b"x"))
    with pytest.raises(ImproveError, match="changed"):
        sets_of(house).find(made.set_id)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "judge", "judge", "consent", "withdraw", "delete", "leave", "set", "day"]),
        st.integers(0, 2),
    ),
    min_size=8,
    max_size=40,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_is_gone_is_in_no_later_manifest(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    """Over random sequences of consent, speech, judgement, withdrawal, deletion, leaving, expiry and making sets."""
    with kept_house(tmp_path_factory.mktemp("house")) as house:
        house.enrolled("Owner")
        sets = sets_of(house)
        people: list[Person | None] = [house.enrolled(name, also=TRAINS) for name in ("Anna", "Ben", "Carl")]
        said_by: dict[int, list[str]] = {0: [], 1: [], 2: []}
        gone: set[str] = set()
        for who, person in enumerate(people):
            assert person is not None
            said_by[who] += said(house, person, 6, what=f"start {who}")
        for what, who in [*steps, ("set", 0)]:
            person = people[who]
            house.clock.advance(seconds=1)
            alive = [one for one in said_by[who] if one not in gone]
            if what == "set":
                _make_and_check(sets, gone, people, house, said_by)
            elif what == "day":
                house.clock.advance(days=1)
                now = house.clock()
                gone |= {one for ids in said_by.values() for one in ids if not house.vault.door.standing([one])}
                assert now == house.clock()
            elif person is None:
                continue
            elif what == "say":
                said_by[who].append(house.keep(person, f"say {len(said_by[who])}"))
            elif what == "judge" and alive:
                _judge(house, person, alive[-1])
            elif what == "consent":
                house.consent(person, Purpose.TRAIN)
            elif what == "withdraw":
                house.consent(person, Purpose.TRAIN, is_given=False)
            elif what == "delete" and alive:
                gone.add(alive[0])
                house.rights.erase_said(person.person_id, Selection(turn_ids=(alive[0],)))
            elif what == "leave":
                house.rights.erase_person(person.person_id)
                gone |= set(said_by[who])
                people[who] = None


def _judge(house: KeptHouse, person: Person, turn_id: str) -> None:
    with contextlib.suppress(VaultError):  # it expired
        house.rights.judge(person.person_id, turn_id, transcript=f"said {turn_id}", intent="HassTurnOn")


def _make_and_check(
    sets: DataSets, gone: set[str], people: list[Person | None], house: KeptHouse, said_by: dict[int, list[str]]
) -> None:
    made = None
    with contextlib.suppress(ImproveError):  # too few
        made = sets.make()
    if made is None:
        return
    assert not recordings(made) & gone
    for who, person in enumerate(people):
        may = person is not None and house.consents.has_consent(person.person_id, Purpose.TRAIN)
        assert may or not recordings(made) & set(said_by[who])
    assert not sets.lost(made)
