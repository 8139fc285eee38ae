"""The channel over a real socket: the household decides everything anew, whatever the review service asks."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from earwitness.build.review_counter import OTHER_REASON, channel_of
from earwitness.build.review_service import refuse_reach, serve_review, service_of
from earwitness.build.service_settings import ServiceSettings
from earwitness.config import ReviewSettings
from earwitness.domain.account import AccountRole, SignInWay
from earwitness.domain.consent import Purpose
from earwitness.domain.errors import NetworkError, ReviewError, SettingsError, WireError
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Medium, ReadPurpose, Role
from earwitness.domain.review import Annotation, Label, Settled
from earwitness.jobs.follow_household import FollowHousehold
from earwitness.protocol.frames import Frame
from earwitness.review import calls, visits
from earwitness.review.calls import Call
from earwitness.review.conduct import Rule
from earwitness.review.counter import Counter, Peer
from earwitness.review.desk import Desk, annotation_id_of
from earwitness.review.household_afar import HouseholdAfar
from earwitness.review.line import Line, dial_here, dial_there
from earwitness.review.playback import PART_BYTES, Playback
from earwitness.review.porter import take_up
from earwitness.review.visits import Visits, lease_of
from earwitness.server.review_channel import ReviewChannel, bind_here, user_id_of
from earwitness.storage import database
from earwitness.storage.database import Database
from earwitness.trust.authority import Authority
from earwitness.trust.identity import Identity
from earwitness.trust.tls import review_client_context
from tests.channel_kept import counter, running, service_key, socket_path
from tests.houses_kept import PASSPHRASE, KeptHouse, error_of, kept_house
from tests.reviewed_kept import ReviewedHouse, reviewed
from tests.unit.review.test_watermark import babble

SAID = "call Marguerite and turn on the lamp"
SHOWN = "call ▇▇▇ and turn on the lamp"
ADDRESS = "192.0.2.9"
JUDGED: dict[str, Any] = {"transcript": "turn on the lamp", "intent": "HassTurnOn", "slots": {}, "labels": ["background"]}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as made:
        yield made


@dataclass
class Far:
    """A review service of its own: a desk with its own database, and the household over the channel."""

    house: KeptHouse
    visits: Visits
    household: HouseholdAfar
    desk: Desk
    rita: Person
    secret: str = ""

    def ticket(self, *, way: SignInWay = SignInWay.PASSKEY) -> str:
        token = self.house.people.accounts.let_in(self.rita, way=way).token
        found = self.house.people.accounts.sign_ins.find(token)
        assert found is not None
        return self.visits.ticket(found[1].sign_in_id)

    def enter(self) -> Actor:
        """Rita as the service knows her, in a visit of her own."""
        entered = self.household.enter(self.ticket(), address=ADDRESS)
        self.secret = entered.secret
        return Actor(actor_id=entered.visit.visit_id, alias=entered.visit.alias, role=Role.REVIEWER)

    def follow(self) -> None:
        take_up(self.household.offered(), self.desk)


@contextlib.contextmanager
def far_of(house: KeptHouse, *, settings: ReviewSettings | None = None) -> Iterator[tuple[Far, ReviewChannel]]:
    made, known = counter(house, settings=settings)
    channel = ReviewChannel(lambda frame, peer: made.answer(frame, peer=peer))
    line = Line(dial_here(socket_path(house.folder)))
    afar = HouseholdAfar(line)
    own = Database(house.folder / "far" / "desk.db", chain="desk")
    if not house.people.all():
        house.people.add("Otto", passphrase=PASSPHRASE)
    rita = house.people.add("Rita", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    desk = Desk(own, porter=afar, clock=house.clock)
    desk.passed(rita.alias)
    try:
        with running(channel, bind_here(socket_path(house.folder))):
            yield Far(house=house, visits=known, household=afar, desk=desk, rita=rita), channel
            line.close()
    finally:
        own.close()


@pytest.fixture
def far(house: KeptHouse) -> Iterator[Far]:
    with far_of(house) as (made, _):
        yield made


@pytest.fixture
def review(house: KeptHouse) -> ReviewedHouse:
    return reviewed(house)


@pytest.fixture
def anna(review: ReviewedHouse) -> Person:
    return review.reviewable()


def test_a_task_goes_over_the_channel_and_is_kept_with_what_was_judged(review: ReviewedHouse, anna: Person, far: Far) -> None:
    turn_id = review.drawn(anna, SAID)
    far.follow()
    rita = far.enter()
    lease = far.desk.begin(rita, sign_in_id=rita.actor_id)
    assert lease is not None
    _, words = far.desk.open(rita, lease.lease_id, sign_in_id=rita.actor_id)
    assert (words.transcript, words.slots) == (SHOWN, (("name", "Lamp"),))
    far.desk.judge(rita, lease.lease_id, sign_in_id=rita.actor_id, body=JUDGED)
    (judged,) = review.house.rights.recording(anna.person_id, turn_id).annotations
    assert (judged.by, judged.transcript, judged.settled) == (far.rita.alias, "turn on the lamp", Settled.ALONE)
    (read,) = review.house.rights.listens(anna.person_id)
    assert (read.actor.alias, read.purpose.value) == (far.rita.alias, "review")
    far.follow()
    assert far.desk.open_tasks() == frozenset()
    assert far.household.intents() == ("HassTurnOff", "HassTurnOn")


def test_a_ticket_counts_once_and_for_a_minute(house: KeptHouse, far: Far) -> None:
    ticket = far.ticket()
    far.household.enter(ticket, address=ADDRESS)
    assert error_of(lambda: far.household.enter(ticket, address=ADDRESS)) == "review.ticket"
    late = far.ticket()
    house.clock.advance(seconds=61)
    assert error_of(lambda: far.household.enter(late, address=ADDRESS)) == "review.ticket"
    assert error_of(lambda: far.household.visit(ticket, address=ADDRESS)) == "access.not_signed_in"
    assert error_of(lambda: far.household.enter("x" * 43, address=ADDRESS)) == "review.ticket"


def test_whoever_brings_no_ticket_keeps_nobody_waiting_who_writes(house: KeptHouse, far: Far) -> None:
    """Anybody who finds the review service may ask to come in, as often as they like."""
    with contextlib.closing(sqlite3.connect(house.folder / "household.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert error_of(lambda: far.household.enter("x" * 43, address=ADDRESS)) == "review.ticket"
        writer.execute("ROLLBACK")


def test_a_ticket_is_no_visit(far: Far) -> None:
    assert error_of(lambda: far.household.visit(far.ticket(), address=ADDRESS)) == "access.not_signed_in"


def test_of_one_reviewer_three_visits_stay(house: KeptHouse, far: Far) -> None:
    secrets = []
    for _ in range(4):
        secrets.append(far.household.enter(far.ticket(), address=ADDRESS).secret)
        house.clock.advance(seconds=1)
    standing = [error_of(lambda secret=secret: far.household.visit(secret, address=ADDRESS)) for secret in secrets]  # type: ignore[misc]
    assert standing == ["access.not_signed_in", "", "", ""]


ENDS: dict[str, Callable[[Far], object]] = {
    "sign-out": lambda far: far.house.people.accounts.sign_ins.end_all(far.rita.person_id),
    "suspension": lambda far: far.house.people.suspend(far.rita.person_id),
    "another role": lambda far: far.house.people.change_role(far.rita.person_id, AccountRole.ADULT),
    "the end of the shift": lambda far: far.house.clock.advance(hours=10),
    "leaving": lambda far: far.household.leave(far.secret),
}


@pytest.mark.parametrize("how", sorted(ENDS))
def test_a_visit_ends_with_what_it_came_from(how: str, review: ReviewedHouse, anna: Person, far: Far) -> None:
    review.drawn(anna, SAID)
    rita = far.enter()
    (task_id,) = far.household.offered()
    far.household.words(rita, task_id)
    ENDS[how](far)
    assert error_of(lambda: far.household.visit(far.secret, address=ADDRESS)) == "access.not_signed_in"
    assert error_of(lambda: far.household.words(rita, task_id)) == "access.not_signed_in"
    assert len(review.house.rights.listens(anna.person_id)) == 1


def test_without_a_second_factor_or_from_elsewhere_nobody_enters(house: KeptHouse) -> None:
    with far_of(house, settings=ReviewSettings(networks=("192.0.2.0/24",))) as (far, _):
        plain = far.ticket(way=SignInWay.PASSPHRASE)
        assert error_of(lambda: far.household.enter(plain, address=ADDRESS)) == "review.second_factor"
        assert error_of(lambda: far.household.enter(far.ticket(), address="198.51.100.1")) == "review.not_here"
        secret = far.household.enter(far.ticket(), address=ADDRESS).secret
        assert far.household.visit(secret, address=ADDRESS).code == ""
        told = far.household.visit(secret, address="198.51.100.1")
        assert (told.code, bool(told.sentence)) == ("review.not_here", True)


def test_at_other_hours_no_word_goes_over(review: ReviewedHouse, anna: Person) -> None:
    review.drawn(anna, SAID)
    with far_of(review.house, settings=ReviewSettings(from_hour=8, until_hour=13)) as (far, _):
        rita = far.enter()
        (task_id,) = far.household.offered()
        review.house.clock.advance(hours=2)
        assert error_of(lambda: far.household.words(rita, task_id)) == "review.not_now"
    assert review.house.rights.listens(anna.person_id) == ()


def test_a_stolen_service_opens_one_task_for_each_visit_and_judges_no_other(
    review: ReviewedHouse, anna: Person, far: Far
) -> None:
    review.epochs.open()
    for _ in range(2):
        review.say(anna, SAID)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.items.settle()
    rita = far.enter()
    first, second = far.household.offered()
    assert error_of(lambda: far.household.deliver(rita, first, annotation(review.house))) == "review.over", "it opened nothing"
    far.household.words(rita, first)
    far.household.words(rita, second)
    assert error_of(lambda: far.household.deliver(rita, first, annotation(review.house))) == "review.over", "it holds another now"
    review.house.clock.advance(minutes=61)
    assert error_of(lambda: far.household.deliver(rita, second, annotation(review.house))) == "review.over", "the time is over"
    far.household.words(rita, second)
    far.household.deliver(rita, second, annotation(review.house))
    assert error_of(lambda: far.household.words(rita, "0" * 32)) == "review.over"


def annotation(house: KeptHouse, *, by: str = "somebody-else-1234", settled: Settled = Settled.ALONE) -> Annotation:
    made = annotation_id_of("1" * 32, JUDGED)
    return Annotation(
        annotation_id=made, by=by, made_at=house.clock(), transcript="turn on the lamp", intent=None, settled=settled
    )


def test_a_service_judges_in_no_other_name_and_decides_nothing_that_is_the_leads(
    review: ReviewedHouse, anna: Person, far: Far
) -> None:
    turn_id = review.drawn(anna, SAID)
    rita = far.enter()
    (task_id,) = far.household.offered()
    far.household.words(rita, task_id)
    decided = annotation(review.house, settled=Settled.ADJUDICATED)
    assert error_of(lambda: far.household.deliver(rita, task_id, decided)) == "access.refused"
    assert error_of(lambda: far.household.disputed(rita, task_id)) == "access.refused"
    far.household.deliver(rita, task_id, annotation(review.house))
    (judged,) = review.house.rights.recording(anna.person_id, turn_id).annotations
    assert judged.by == far.rita.alias


def test_a_service_cannot_date_a_judgement(review: ReviewedHouse, anna: Person, far: Far) -> None:
    """By when it was made months are counted in the ledger."""
    turn_id = review.drawn(anna, SAID)
    rita = far.enter()
    (task_id,) = far.household.offered()
    far.household.words(rita, task_id)
    far.household.deliver(rita, task_id, replace(annotation(review.house), made_at=datetime(1999, 12, 31, tzinfo=UTC)))
    (judged,) = review.house.rights.recording(anna.person_id, turn_id).annotations
    assert judged.made_at == review.house.clock()
    (entry,) = review.house.entries("annotated")
    assert entry["at"] == review.house.clock().isoformat(timespec="seconds")


def test_the_household_counts_the_tasks_of_a_day_itself(
    review: ReviewedHouse, anna: Person, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST_A_DAY", 1)
    review.epochs.open()
    for _ in range(2):
        review.say(anna, SAID)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.items.settle()
    rita = far.enter()
    first, second = far.household.offered()
    for _ in range(2):
        far.household.words(rita, first)
    assert error_of(lambda: far.household.words(rita, second)) == "review.enough"
    another = far.enter()
    assert error_of(lambda: far.household.words(another, second)) == "review.enough", "nor in another visit"
    review.house.clock.advance(hours=24)
    assert error_of(lambda: far.household.words(far.enter(), second)) == ""


def test_a_list_of_tasks_in_many_answers_is_looked_up_once(
    review: ReviewedHouse, anna: Person, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MOST_TASKS", 1)
    offered = review.house.review.porter.offered
    looked = Mock(side_effect=offered)
    monkeypatch.setattr(review.house.review.porter, "offered", looked)
    review.epochs.open()
    for _ in range(3):
        review.say(anna, SAID)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.items.settle()
    assert (far.household.offered(), looked.call_count) == (offered(), 1)
    review.house.consent(anna, Purpose.REVIEW, is_given=False)
    review.items.settle()
    assert (far.household.offered(), looked.call_count) == ({}, 2), "the next look is a new one"


def test_a_withdrawal_ends_the_lease_at_the_next_look_and_words_at_once(review: ReviewedHouse, anna: Person, far: Far) -> None:
    review.drawn(anna, SAID)
    far.follow()
    rita = far.enter()
    lease = far.desk.begin(rita, sign_in_id=rita.actor_id)
    assert lease is not None
    review.house.consent(anna, Purpose.REVIEW, is_given=False)
    assert error_of(lambda: far.desk.open(rita, lease.lease_id, sign_in_id=rita.actor_id)) == "review.over"
    assert far.desk.is_running(rita, lease.lease_id, sign_in_id=rita.actor_id), "the desk has not looked yet"
    review.items.settle()
    far.follow()
    assert not far.desk.is_running(rita, lease.lease_id, sign_in_id=rita.actor_id)


def test_while_the_household_is_away_there_are_no_words_and_afterwards_it_goes_on(
    review: ReviewedHouse, anna: Person, far: Far
) -> None:
    """The channel ends and comes back, as when the household is killed and started again: the visit and the lease stand."""
    review.drawn(anna, SAID)
    far.follow()
    rita = far.enter()
    lease = far.desk.begin(rita, sign_in_id=rita.actor_id)
    assert lease is not None
    far.desk.open(rita, lease.lease_id, sign_in_id=rita.actor_id)
    path = socket_path(review.house.folder)
    hidden = path.rename(path.with_suffix(".away"))
    far.household._line.close()
    for call in (
        lambda: far.desk.open(rita, lease.lease_id, sign_in_id=rita.actor_id),
        lambda: far.desk.judge(rita, lease.lease_id, sign_in_id=rita.actor_id, body=JUDGED),
    ):
        with pytest.raises(NetworkError, match="come back later"):
            call()
    hidden.rename(path)
    far.desk.judge(rita, lease.lease_id, sign_in_id=rita.actor_id, body=JUDGED)
    assert [item.state.value for item in review.items.of(anna.person_id)] == ["reviewed"]


def test_a_judgement_whose_answer_was_lost_is_handed_in_again_and_counts_once(
    review: ReviewedHouse, anna: Person, far: Far
) -> None:
    turn_id = review.drawn(anna, SAID)
    far.follow()
    rita = far.enter()
    lease = far.desk.begin(rita, sign_in_id=rita.actor_id)
    assert lease is not None
    far.desk.open(rita, lease.lease_id, sign_in_id=rita.actor_id)
    lost = replace(annotation(review.house), annotation_id=annotation_id_of(lease.lease_id, JUDGED), by=rita.alias)
    far.household.deliver(rita, lease.task_id, lost)
    far.desk.judge(rita, lease.lease_id, sign_in_id=rita.actor_id, body=JUDGED)
    assert len(review.house.rights.recording(anna.person_id, turn_id).annotations) == 1
    assert len(review.house.entries("annotated")) == 1


def test_of_two_judgements_one_whose_answer_was_lost_does_not_end_the_task(review: ReviewedHouse, anna: Person, far: Far) -> None:
    turn_id = review.drawn(anna, SAID)
    (task_id,) = far.household.offered()
    rita = far.enter()
    far.household.words(rita, task_id)
    first = replace(annotation(review.house), annotation_id="1" * 32, labels=frozenset({Label.UNCLEAR}))
    for _ in range(2):
        assert far.household.deliver(rita, task_id, first, of=2).settled is Settled.OPEN, "the second is still to come"
    far.rita = review.house.people.add("Rob", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    rob = far.enter()
    far.household.words(rob, task_id)
    second = replace(annotation(review.house), annotation_id="2" * 32)
    told, again = (far.household.deliver(rob, task_id, second, of=2) for _ in range(2))
    assert told == again
    assert (again.settled, len(again.compared)) == (Settled.OPEN, 1), "it waits for the lead, who is told of both"
    assert len(review.house.rights.recording(anna.person_id, turn_id).annotations) == 2


def test_who_is_suspended_at_the_service_is_refused_by_the_household_too(review: ReviewedHouse, anna: Person, far: Far) -> None:
    review.drawn(anna, SAID)
    rita = far.enter()
    (task_id,) = far.household.offered()
    far.household.tell_suspended({far.rita.alias: "opened one task again and again"})
    assert error_of(lambda: far.household.words(rita, task_id)) == "review.suspended"
    ((who, why, _),) = review.house.review.desk.suspended()
    assert (who, why) == (far.rita.alias, Rule.REPLAYING.value)
    far.household.tell_suspended({})
    assert error_of(lambda: far.household.words(rita, task_id)) == ""


def test_a_copy_of_the_households_desk_takes_suspensions_along(review: ReviewedHouse, anna: Person, far: Far) -> None:
    """As docs/review.md says to do before the first start of a service."""
    review.drawn(anna, SAID)
    review.house.review.settle()
    there, copied = review.house.review.desk, review.house.folder / "copied.db"
    there.suspend(far.rita.alias, reason=Rule.COPYING.value)
    with contextlib.closing(sqlite3.connect(review.house.folder / "desk" / "desk.db")) as old:
        old.execute("VACUUM INTO ?", (str(copied),))
    with contextlib.closing(Database(copied, chain="desk")) as own:
        desk = Desk(own, porter=far.household, clock=review.house.clock)
        assert (desk.suspended(), desk.open_tasks()) == (there.suspended(), there.open_tasks())
        assert desk.open_tasks() == far.household.offered().keys()
        far.household.tell_suspended({who: why for who, why, _ in desk.suspended()})
    assert [who for who, _, _ in there.suspended()] == [far.rita.alias]


def test_a_stolen_service_writes_nothing_of_its_own_into_the_record_of_suspensions(review: ReviewedHouse, far: Far) -> None:
    """What is noted goes into the ledger, which nobody can take anything out of."""
    desk = review.house.review.desk
    far.household.tell_suspended({"Marguerite lives here": "and more", "calm-otter-2222": "for nothing"})
    assert desk.suspended() == (), "they do not review here"
    far.household.tell_suspended({far.rita.alias: "Marguerite said"})
    assert [(who, why) for who, why, _ in desk.suspended()] == [(far.rita.alias, OTHER_REASON)]


def answered(made: Counter, frame: Frame) -> Frame:
    return made.answer(frame, peer=Peer(is_here=True))


@pytest.mark.parametrize(
    "frame",
    [
        Frame("export"),
        Frame("people", {"secret": "x"}),
        Frame("words", {"secret": "x", "person": "y"}, payload=b"{}"),
        Frame("words", {"secret": "x" * 65}, payload=b'{"task_id":"1"}'),
        Frame("words", {"secret": "x"}, payload=b"[" * 60_000),
        Frame("words", {"secret": "x"}, payload=b'{"task_id":1}'),
        Frame("deliver", {"secret": "x"}, payload=b'{"task_id":"1","annotation":{}}'),
        Frame("told"),
    ],
    ids=str,
)
def test_what_is_not_in_the_table_of_calls_ends_the_connection(house: KeptHouse, frame: Frame) -> None:
    made, _ = counter(house)
    with pytest.raises(WireError):
        answered(made, frame)


def test_of_errors_inside_the_household_no_sentence_goes_over(review: ReviewedHouse, anna: Person, far: Far) -> None:
    review.drawn(anna, SAID)
    rita = far.enter()
    (task_id,) = far.household.offered()
    with review.house.without_ledger():
        made, _ = counter(review.house)
        answer = answered(made, calls.asked(calls.Call.WORDS, calls.OfTask(task_id=task_id), secret=far.secret))
    assert answer.fields == {"kind": "ledger", "code": "", "sentence": "The household cannot answer that now; come back later."}
    assert error_of(lambda: far.household.words(rita, task_id)) == ""


def test_another_account_of_the_machine_is_not_spoken_to(house: KeptHouse) -> None:
    made, _ = counter(house)
    channel = ReviewChannel(lambda frame, peer: made.answer(frame, peer=peer), user_id=os.getuid() + 1)
    with running(channel, bind_here(socket_path(house.folder))):
        afar = HouseholdAfar(Line(dial_here(socket_path(house.folder))))
        assert error_of(afar.offered) == "network.no_answer"


def test_the_key_file_is_named_to_a_process_of_this_machine_alone(house: KeptHouse) -> None:
    made, _ = counter(house)
    hello = calls.asked(calls.Call.HELLO, calls.Nothing())
    here = calls.read_told(calls.Call.HELLO, made.answer(hello, peer=Peer(is_here=True)))
    there = calls.read_told(calls.Call.HELLO, made.answer(hello, peer=Peer(is_here=False, spki=b"key")))
    assert Path(here.key_file) == house.folder / "keys" / "household.key"
    assert there.key_file == ""


def test_over_a_network_only_the_key_that_was_admitted_is_spoken_to(house: KeptHouse, tmp_path: Path) -> None:
    house.clock.now = datetime.now(UTC)  # TLS goes by the machine's own
    made, _ = counter(house)
    authority, key = Authority(house.folder / "keys", clock=house.clock), service_key(house)
    ours, satellite = Identity(tmp_path / "ours"), Identity(tmp_path / "satellite")
    ours.join(key.admit(ours.public_key).certificate, household=authority.certificate_pem)
    known = authority.device_certificate(satellite.public_key, device_id="kitchen")
    satellite.join(known.pem, household=authority.certificate_pem)
    channel, listener = channel_of("127.0.0.1:0", made, user=None, service_key=key, authority=authority, names=("localhost",))
    port = listener.getsockname()[1]

    def afar(identity: Identity) -> HouseholdAfar:
        return HouseholdAfar(Line(dial_there("127.0.0.1", port, context=lambda: review_client_context(identity))))

    with running(channel, listener):
        service = afar(ours)
        assert (service.offered(), service.key_file()) == ({}, "")
        ours.renew(service.renew().certificate)
        assert service.offered() == {}
        assert afar(ours).offered() == {}, "the new certificate is as good"
        assert error_of(afar(satellite).offered) == "network.no_answer", "of this household, and not the service"
        key.admit(satellite.public_key)
        assert error_of(afar(ours).offered) == "network.no_answer", "another key was admitted instead"
        service._line.close()


@pytest.mark.parametrize("place", ["review.sock", "home.example.org", ":1", "host:port", "host:70000"])
def test_a_channel_is_at_a_path_or_a_host_and_port(house: KeptHouse, place: str) -> None:
    made, _ = counter(house)
    authority = Authority(house.folder / "keys", clock=house.clock)
    with pytest.raises(SettingsError, match="HOST:PORT"):
        channel_of(place, made, user=None, service_key=service_key(house), authority=authority, names=())


def test_a_socket_that_a_killed_server_left_is_taken_over_and_a_served_one_is_not(tmp_path: Path) -> None:
    first = bind_here(socket_path(tmp_path))
    with pytest.raises(NetworkError, match="Another server"):
        bind_here(socket_path(tmp_path))
    first.close()
    bind_here(socket_path(tmp_path)).close()


def test_a_service_that_can_read_the_households_key_goes_no_further(house: KeptHouse, far: Far) -> None:
    far.household.offered()
    house.vault.safe.seal(b"", drawer="x", row_id="1")
    follow = FollowHousehold(
        far.household,
        far.desk,
        take=lambda offered: None,
        check=lambda: refuse_reach(Path(far.household.key_file())),
        renew=lambda: None,
    )
    with pytest.raises(SettingsError, match="could read the household's key"):
        follow.look()


def test_a_service_that_comes_to_reach_the_key_while_it_serves_ends_with_the_reason(tmp_path: Path) -> None:
    looks: list[int] = []

    def check() -> None:
        looks.append(1)
        if len(looks) > 1:
            raise SettingsError("The review service could read the household's key.")

    settings = ServiceSettings(
        household=str(tmp_path / "nobody.sock"), sign_in_url="http://localhost/review", folder=tmp_path / "service", port=0
    )
    with service_of(settings) as made:
        take: Callable[[object], None] = lambda offered: None  # noqa: E731
        follow = FollowHousehold(made.household, made.desk, take=take, check=check, renew=lambda: None)
        with pytest.raises(SettingsError, match="could read"):
            asyncio.run(serve_review(replace(made, follow=follow), say=lambda sentence: None))
    assert len(looks) == 2


def test_sound_goes_over_in_parts_each_on_record_and_only_of_the_task_that_was_opened(
    review: ReviewedHouse, anna: Person, far: Far
) -> None:
    pcm = babble(5.0).astype("<i2").tobytes()
    review.house.consent(anna, Purpose.HEAR)
    review.epochs.open()
    review.say(anna, SAID, sound=pcm)
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.items.settle()
    far.follow()
    rita, playback = far.enter(), Playback(far.desk, porter=far.household, clock=review.house.clock)
    lease = far.desk.begin(rita, sign_in_id=rita.actor_id)
    assert lease is not None
    with pytest.raises(ReviewError, match="not opened here"):
        playback.length(rita, lease.lease_id, sign_in_id=rita.actor_id)
    far.desk.open(rita, lease.lease_id, sign_in_id=rita.actor_id)
    assert playback.length(rita, lease.lease_id, sign_in_id=rita.actor_id) == len(pcm)
    token = playback.token(rita, lease.lease_id, sign_in_id=rita.actor_id, start=0, end=PART_BYTES)
    assert len(playback.part(rita, token, sign_in_id=rita.actor_id)) == PART_BYTES
    heard = [one for one in review.house.rights.listens(anna.person_id) if one.medium is Medium.AUDIO and one.ranges]
    served = sorted(one.ranges for one in heard if one.purpose is ReadPurpose.REVIEW)
    assert served == [((0, 64_000),), ((64_000, PART_BYTES),)], "in pieces of two seconds, each with its entry"
    (marked,) = review.house.review.sounds.marks.newest().values()
    assert (marked.reviewer, marked.lease_id) == (far.rita.alias, lease_of(far.secret, lease.task_id))
    assert marked.lease_id != lease.lease_id, "whatever id the service gives to a lease"
    whole = calls.Part(task_id=lease.task_id, start=0, end=len(pcm))
    assert error_of(lambda: far.household._line.ask(Call.SOUND_PART, whole, secret=far.secret)) == "review.no_such_part"


def test_who_may_be_heard_no_more_has_the_task_taken_back_and_given_again_as_text(
    review: ReviewedHouse, anna: Person, far: Far
) -> None:
    review.house.consent(anna, Purpose.HEAR)
    review.epochs.open()
    review.say(anna, SAID, sound=babble(2.0).astype("<i2").tobytes())
    review.epochs.draw(review.next_day())
    review.house.clock.advance(days=1, minutes=1)
    review.items.settle()
    rita = far.enter()
    (task_id,) = far.household.offered()
    far.household.words(rita, task_id)
    assert far.household.sound_length(rita, task_id, lease_id="") is not None
    review.house.consent(anna, Purpose.HEAR, is_given=False)
    review.house.review.porter.settle_afar()
    assert far.household.offered() == {}
    review.house.clock.advance(seconds=41)
    assert set(far.household.offered()) == {task_id}
    assert far.household.sound_length(rita, task_id, lease_id="") is None


def test_a_lead_decides_over_the_channel_between_two_who_disagree(review: ReviewedHouse, anna: Person, far: Far) -> None:
    turn_id = review.drawn(anna, SAID)
    (task_id,) = far.household.offered()
    rita = far.enter()
    far.household.words(rita, task_id)
    first = replace(annotation(review.house), annotation_id="1" * 32, labels=frozenset({Label.UNCLEAR}))
    assert far.household.deliver(rita, task_id, first, of=2).settled is Settled.OPEN
    far.rita = review.house.people.add("Rob", passphrase=PASSPHRASE, role=AccountRole.REVIEWER)
    rob = far.enter()
    far.household.words(rob, task_id)
    told = far.household.deliver(rob, task_id, replace(annotation(review.house), annotation_id="2" * 32), of=2)
    assert (told.settled, [one.is_same_labels for one in told.compared]) == (Settled.OPEN, [False])
    far.rita = review.house.people.add("Lea", passphrase=PASSPHRASE, role=AccountRole.LEAD)
    lea = far.enter()
    words, judgements = far.household.disputed(lea, task_id)
    assert (words.transcript, {one.by for one in judgements}) == (SHOWN, {rita.alias, rob.alias})
    decided = replace(annotation(review.house), annotation_id="3" * 32, settled=Settled.ADJUDICATED)
    far.household.deliver(lea, task_id, decided)
    assert [one.settled for one in review.house.rights.recording(anna.person_id, turn_id).annotations][-1] is Settled.ADJUDICATED
    assert far.household.offered() == {}


OTHER_ACCOUNT = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c")
ASK = """
import socket, sys
asked = b'{"task_id":""}'
with socket.socket(socket.AF_UNIX) as made:
    made.settimeout(20)
    made.connect(sys.argv[1])
    made.sendall(b'{"type":"tasks","payload_length":%d}\\n' % len(asked) + asked)
    print(made.recv(200).decode())
"""


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None or not Path(OTHER_ACCOUNT[-2]).exists(),
    reason="only root can speak as another account here",
)
@pytest.mark.parametrize(("user", "is_answered"), [("nobody", True), (None, False)])
def test_the_account_that_the_settings_name_is_spoken_to_and_no_other(
    house: KeptHouse, user: str | None, is_answered: bool
) -> None:
    made, _ = counter(house)
    channel = ReviewChannel(lambda frame, peer: made.answer(frame, peer=peer), user_id=None if user is None else user_id_of(user))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        place = socket_path(Path(folder))
        with running(channel, bind_here(place)):
            ended = subprocess.run([*OTHER_ACCOUNT, ASK, str(place)], capture_output=True, text=True, timeout=60)
    assert ('{"tasks":[],"has_more":false}' in ended.stdout) is is_answered
