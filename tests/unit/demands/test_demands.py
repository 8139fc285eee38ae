"""Demands on a real house: approved by two, told, disclosed just in scope; gags end, holds hold, crashes change nothing."""

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from earwitness.demands.entries import Entries, commitment
from earwitness.demands.statement import read_answer
from earwitness.domain.account import AccountRole
from earwitness.domain.audio import SAMPLE_BYTES
from earwitness.domain.demand import Category, DemandKind, Finding, Gag, Outcome, State, StepKind
from earwitness.domain.errors import AccessError, DemandError, LedgerError, ProofError, VaultError
from earwitness.domain.recording import Actor, Role, Selection
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.proof import canonical, read_proof
from earwitness.storage.demands import demand_keys
from earwitness.vault.disclosure_key import Approval
from tests.demands_kept import PAPER, SUNDAY, DemandedHouse, demanded
from tests.houses_kept import PASSPHRASE, error_of, kept_house, sound

DAY = timedelta(days=1)


def reads(desk: DemandedHouse) -> list[str]:
    """The recordings that the ledger says were opened by demand."""
    return [one["recording"] for one in desk.house.entries("read.opened") if one["purpose"] == "demand"]


def contents(desk: DemandedHouse, path: object) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(desk.decrypted(path))) as file:  # type: ignore[arg-type]
        return {name: file.read(name) for name in file.namelist()}


def test_every_byte_of_a_disclosure_is_in_scope_and_nothing_else_was_opened(desk: DemandedHouse) -> None:
    ben = desk.house.enrolled("Ben", retention_seconds=30 * 86_400)
    heard = sound(0.3)
    inside = desk.sunday("call the plumber", sound=heard)
    desk.house.keep(desk.anna, "a monday secret", at=SUNDAY[1])
    desk.house.keep(desk.anna, "a saturday secret", at=SUNDAY[0] - timedelta(seconds=1))
    desk.sunday("the words of ben", person=ben)
    case = desk.notified()
    desk.house.clock.advance(days=14)
    package = desk.disclose(case)
    assert package.path is not None
    files = contents(desk, package.path)
    assert set(files) == {"manifest.json", f"words/{inside}.json", f"sound/{inside}.wav"}
    assert files[f"sound/{inside}.wav"][44:] == heard
    assert json.loads(files[f"words/{inside}.json"]) == {
        "recording": inside,
        "heard": "call the plumber",
        "transcript": "call the plumber",
        "reply": "Turned on the lamp.",
    }
    assert not any(secret in b"".join(files.values()) for secret in (b"secret", b"ben"))
    assert reads(desk) == [inside, inside]
    manifest = json.loads(files["manifest.json"])
    for told in manifest["files"]:
        data = files[told["file"]]
        assert (told["bytes"], told["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        proof = read_proof(json.dumps(told["proof"]).encode())
        proof.check(parse_verifier(desk.house.ledger.verifier))
        assert (proof.entry()["purpose"], proof.entry()["recording"]) == ("demand", inside)
    assert len(heard) % SAMPLE_BYTES == 0
    assert package.path.read_bytes().startswith(b"age-encryption.org/v1")
    assert (package.outcome, package.case.state) == (Outcome.WHOLE, State.DISCLOSED)


def test_the_person_sees_the_demands_listens_and_no_name_is_in_the_ledger(desk: DemandedHouse) -> None:
    desk.sunday(sound=sound(0.2))
    case = desk.notified()
    desk.house.clock.advance(days=14)
    desk.disclose(case)
    seen = desk.house.rights.listens(desk.anna.person_id)
    assert {(one.actor.role.value, one.purpose.value) for one in seen} == {("counsel", "demand")}
    told = json.dumps([one for one in desk.house.entries() if one["kind"].startswith("demand")])
    for word in ("Anna", desk.anna.person_id, "Nowhere", "Cora", "clerk"):
        assert word not in told


def test_nothing_is_disclosed_before_two_approvals_and_the_delay(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.validated()
    with pytest.raises(DemandError):
        desk.disclose(case)
    desk.demands.approve(desk.counsel, case.demand_id, reason="lawful")
    assert error_of(lambda: desk.demands.approve(desk.counsel, case.demand_id, reason="again")) == "demand.second_person"
    assert error_of(lambda: desk.demands.notify(desk.counsel, case.demand_id, reason="early")) == "demand.illegal"
    desk.demands.approve(desk.officer, case.demand_id, reason="lawful")
    case = desk.demands.notify(desk.counsel, case.demand_id, reason="now")
    desk.house.clock.advance(days=13, hours=23)
    assert error_of(lambda: desk.disclose(case)) == "demand.not_told"
    assert reads(desk) == []
    (notice,) = desk.demands.notices(desk.anna.person_id)
    assert "District Court" in notice.about


def test_an_objection_of_the_person_stops_it(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified()
    (notice,) = desk.demands.notices(desk.anna.person_id)
    desk.demands.object_to(desk.anna.person_id, notice.notice_id, reason="it is about another Anna")
    desk.house.clock.advance(days=30)
    assert error_of(lambda: desk.disclose(case)) == "demand.illegal"
    assert desk.demands.find(desk.counsel, case.demand_id).state is State.OBJECTED
    ben = desk.house.enrolled("Ben")
    assert error_of(lambda: desk.demands.object_to(ben.person_id, notice.notice_id, reason="me too")) == "demand.unknown"


def test_one_share_or_wrong_ones_open_nothing(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified()
    desk.house.clock.advance(days=14)
    others = desk.shares
    _, desk.shares = desk.demands.make_key(desk.counsel)  # in place of the one before
    slip = desk.shares[1][:-1] + ("0" if desk.shares[1][-1] != "0" else "1")
    for shares in ((), desk.shares[:1], (desk.shares[0], desk.shares[0]), (desk.shares[0], slip), others[:2]):
        assert error_of(lambda shares=shares: desk.disclose(case, shares=shares)) == "demand.shares"  # type: ignore[misc]
    assert reads(desk) == []
    desk.disclose(case, shares=(desk.shares[2], desk.shares[0]))


def test_a_key_that_only_the_database_knows_approves_nothing(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified()
    desk.house.clock.advance(days=14)
    forged, shares = made_elsewhere(desk)
    for position in (None, 0, desk.house.ledger.size() - 1, 10**9):
        with desk.house.database.writing() as connection:
            connection.execute(sa.delete(demand_keys).where(demand_keys.c.verifier == forged))
            values = {"verifier": forged, "made_at": desk.house.clock().timestamp() + 9, "position": position}
            connection.execute(sa.insert(demand_keys).values(values))
        assert error_of(lambda: desk.disclose(case, shares=shares)) in ("demand.shares", "demand.key")
    assert reads(desk) == []
    with desk.house.database.writing() as connection:
        connection.execute(sa.delete(demand_keys))
    desk.disclose(case)


def made_elsewhere(desk: DemandedHouse) -> tuple[str, tuple[str, ...]]:
    """A key of another house."""
    with kept_house(desk.house.folder / "elsewhere") as other:
        return other.vault.disclosure_key.make(now=other.clock())


def test_the_door_opens_other_recordings_for_no_approval(desk: DemandedHouse) -> None:
    inside, outside = desk.sunday(), desk.house.keep(desk.anna, "a monday secret", at=SUNDAY[1])
    case = desk.notified()
    desk.house.clock.advance(days=14)
    package = desk.disclose(case)
    note = str(package.statement["approval"])
    actor = Actor(actor_id="x", alias="x", role=Role.COUNSEL)
    with pytest.raises(AccessError):
        list(desk.house.vault.door.demanded(actor, Approval(note=note), [inside, outside]))
    changed = note.replace('"recordings":1', '"recordings":2')
    with pytest.raises(DemandError):
        list(desk.house.vault.door.demanded(actor, Approval(note=changed), [inside]))


def test_what_was_erased_gives_a_statement_that_a_third_party_checks(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified()
    desk.house.rights.erase_said(desk.anna.person_id, Selection(is_all=True))
    desk.house.clock.advance(days=14)
    package = desk.disclose(case, shares=())
    assert (package.path, package.outcome) == (None, Outcome.NOTHING)
    data, log = package.answer.read_bytes(), parse_verifier(desk.house.ledger.verifier)
    read_answer(data).check(log)
    told = json.loads(data)
    told["statement"]["recordings"] = 3
    with pytest.raises(ProofError):
        read_answer(json.dumps(told).encode()).check(log)


def test_a_demand_about_somebody_who_left_is_answered_with_nothing(desk: DemandedHouse) -> None:
    ben = desk.house.enrolled("Ben")
    desk.sunday(person=ben)
    desk.house.rights.erase_person(ben.person_id)
    case = desk.notified(names=("Ben",))
    assert desk.disclose(case, shares=()).outcome is Outcome.NOTHING


def test_a_crash_between_approval_and_export_goes_on_as_approved(desk: DemandedHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = desk.sunday(sound=sound(0.2))
    case = desk.notified()
    desk.house.clock.advance(days=14)

    class Power(BaseException):
        """The power goes."""

    def gone(*_: object, **__: object) -> None:
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr("earwitness.demands.answering.write_package", gone)
        with pytest.raises(Power):
            desk.disclose(case)
    later = demanded(desk.house)
    assert later.settle() == 0
    assert later.find(desk.counsel, case.demand_id).state is State.NOTIFIED
    package = later.disclose(desk.counsel, case.demand_id, shares=(), recipient=desk.recipient, reason="goes on")
    assert package.path is not None
    assert {f"words/{inside}.json", f"sound/{inside}.wav"} < set(contents(desk, package.path))
    assert len(desk.house.entries("demand.disclosed")) == 1
    assert error_of(lambda: desk.disclose(case)) == "demand.illegal"


def test_a_second_export_is_a_new_approval(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified()
    desk.house.clock.advance(days=14)
    first = desk.disclose(case)
    case = desk.approve(first.case)
    assert (case.state, case.round) == (State.APPROVED, 2)
    case = desk.demands.notify(desk.counsel, case.demand_id, reason="again")
    desk.house.clock.advance(days=14)
    assert error_of(lambda: desk.disclose(case, shares=())) == "demand.shares"
    second = desk.disclose(case)
    assert second.path != first.path


def test_closing_removes_the_package_from_here_and_leaves_what_proves_it(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified()
    desk.house.clock.advance(days=14)
    package = desk.disclose(case)
    assert package.path is not None
    sealed = package.path.read_bytes()
    desk.demands.close(desk.counsel, case.demand_id, reason="handed over")
    assert not package.path.exists()
    read_answer(package.answer.read_bytes()).check(parse_verifier(desk.house.ledger.verifier))
    package.path.write_bytes(sealed)  # as a crash after the step would leave it
    assert demanded(desk.house).settle() == 1
    assert not package.path.exists()


def test_a_dated_gag_hides_until_its_end_and_then_everything_is_opened(desk: DemandedHouse) -> None:
    inside = desk.sunday(sound=sound(0.2))
    until = desk.house.clock() + timedelta(days=10)
    case = desk.notified(gag=Gag(until=until))
    assert desk.demands.notices(desk.anna.person_id) == ()
    package = desk.disclose(case)
    read_answer(package.answer.read_bytes()).check(parse_verifier(desk.house.ledger.verifier))
    assert {one["kind"] for one in desk.house.entries() if one["kind"].startswith("demand") and "demand" in one} == {
        "demand.sealed"
    }
    assert reads(desk) == []
    assert desk.house.rights.listens(desk.anna.person_id) == ()
    assert inside not in json.dumps([one for one in desk.house.entries() if one["kind"] != "kept"])
    assert desk.house.rights.recording(desk.anna.person_id, inside).listens == 0
    desk.house.clock.advance(days=9, hours=23)
    assert demanded(desk.house).settle() == 0
    desk.house.clock.advance(hours=1)
    again = demanded(desk.house)  # after a restart
    assert again.settle() > 0
    (notice,) = again.notices(desk.anna.person_id)
    assert notice.object_until is None
    assert len(desk.house.rights.listens(desk.anna.person_id)) == 2
    assert desk.house.rights.recording(desk.anna.person_id, inside).listens == 2
    sealed = {number: one for number, one in enumerate(desk.house.entries()) if one["kind"] == "demand.sealed"}
    opened = [each for one in desk.house.entries("demand.opened") for each in one["entries"]]
    assert {one["position"] for one in opened} == set(sealed)
    for one in opened:
        expected = sealed[one["position"]]["commitment"]
        assert commitment(bytes.fromhex(one["salt"]), canonical(one["entry"])) == expected
    assert again.settle() == 0


def test_a_gag_that_ends_before_the_answer_gives_the_person_their_delay(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified(gag=Gag(until=desk.house.clock() + timedelta(days=2)))
    desk.house.clock.advance(days=2)
    assert error_of(lambda: desk.disclose(case)) == "demand.not_told"
    desk.demands.settle()
    (notice,) = desk.demands.notices(desk.anna.person_id)
    assert notice.object_until == desk.house.clock() + timedelta(days=14)
    assert error_of(lambda: desk.disclose(case)) == "demand.not_told"


def test_a_gag_without_an_end_is_not_honoured(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.received(gag=Gag(until=None))
    assert Finding.GAG_WITHOUT_END in desk.demands.assess(desk.counsel, case.demand_id).findings
    digest = hashlib.sha256(PAPER).hexdigest()
    with pytest.raises(DemandError, match="counsel"):
        desk.demands.validate(desk.officer, case.demand_id, document_sha256=digest, reason="fine")
    assert desk.house.entries("demand.received")
    case = desk.notified(gag=Gag(until=None))
    assert len(desk.demands.notices(desk.anna.person_id)) == 1


def test_preserving_holds_exactly_the_scope_and_ends_by_itself(desk: DemandedHouse) -> None:
    inside = desk.sunday("hold me")
    outside = desk.house.keep(desk.anna, "do not", at=SUNDAY[1])
    case = desk.validated(DemandKind.PRESERVATION)
    desk.demands.preserve(desk.counsel, case.demand_id, reason="an order", until=desk.house.clock() + timedelta(days=60))
    (notice,) = desk.demands.notices(desk.anna.person_id)
    assert "held" in notice.about
    desk.house.clock.advance(days=40)
    desk.house.vault.eraser.expire()
    desk.house.vault.eraser.sweep()
    alive = desk.house.vault.door.standing([inside, outside])
    assert alive == {}  # nobody sees it any more, but
    assert set(desk.house.vault.holds.of([inside, outside])) == {inside}
    assert [one.turn_id for one in desk.house.vault.rows.find([inside, outside], now=desk.house.clock(), with_held=True)] == [
        inside
    ]
    desk.house.clock.advance(days=20)
    again = demanded(desk.house)
    assert again.settle() == 1
    assert desk.house.vault.eraser.expire() == 1
    assert desk.house.vault.rows.find([inside], now=desk.house.clock(), with_held=True) == []


def test_what_expires_just_when_it_is_held_is_held_or_gone_but_never_both(
    desk: DemandedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two comes first, the other sees it."""
    inside, house = desk.sunday("hold me"), desk.house
    case = desk.validated(DemandKind.PRESERVATION)
    house.clock.advance(days=30)
    found = house.vault.rows.expired(now=house.clock(), limit=10)

    def hold() -> tuple[str, ...]:
        return house.vault.holds.add(case.demand_id, {inside: "x"}, until=house.clock() + DAY, is_told=True)

    assert hold() == (inside,)
    with monkeypatch.context() as patch:  # what the eraser had found before the hold came
        patch.setattr(house.vault.rows, "expired", lambda **_: found)
        house.vault.eraser.expire()
    assert house.vault.rows.find([inside], now=house.clock(), with_held=True)
    house.vault.holds.release(case.demand_id)
    house.vault.eraser.expire()
    assert hold() == ()
    assert house.vault.holds.of([inside]) == {}


def test_a_hold_that_no_step_tells_of_ends_at_its_time(desk: DemandedHouse) -> None:
    inside = desk.sunday()
    case = desk.validated(DemandKind.PRESERVATION)
    desk.house.vault.holds.add(case.demand_id, {inside: "x"}, until=desk.house.clock() + DAY, is_told=True)
    assert desk.demands.settle() == 0
    desk.house.clock.advance(days=1)
    assert desk.demands.settle() == 1
    assert desk.house.vault.holds.of([inside]) == {}


def test_deleting_what_is_held_hides_it_and_the_receipt_says_so(desk: DemandedHouse) -> None:
    inside, outside = desk.sunday("hold me"), desk.house.keep(desk.anna, "do not", at=SUNDAY[1])
    case = desk.validated(DemandKind.PRESERVATION)
    until = desk.house.clock() + timedelta(days=60)
    desk.demands.preserve(desk.counsel, case.demand_id, reason="an order", until=until)
    erasure = desk.house.rights.erase_said(desk.anna.person_id, Selection(is_all=True))
    assert (erasure.held, erasure.held_until, erasure.recordings) == (1, until.isoformat(timespec="seconds"), 1)
    assert json.loads(erasure.body)["recording_ids"] == [outside]
    with pytest.raises(VaultError):
        desk.house.rights.recording(desk.anna.person_id, inside)
    desk.house.vault.eraser.upkeep()
    assert [one.turn_id for one in desk.house.vault.rows.find([inside], now=desk.house.clock(), with_held=True)] == [inside]


def test_who_leaves_while_something_is_held_is_gone_and_the_rest_follows(desk: DemandedHouse) -> None:
    ben = desk.house.enrolled("Ben")
    inside = desk.sunday("hold me", person=ben)
    case = desk.validated(DemandKind.PRESERVATION, names=("Ben",))
    desk.demands.preserve(desk.counsel, case.demand_id, reason="an order")
    desk.house.rights.erase_person(ben.person_id)
    desk.house.rights.upkeep()
    before = len(desk.house.entries("erased"))
    desk.house.rights.upkeep()
    assert len(desk.house.entries("erased")) == before
    assert desk.house.vault.rows.find([inside], now=desk.house.clock(), with_held=True)
    desk.house.clock.advance(days=90)
    desk.demands.settle()
    desk.house.rights.upkeep()
    assert not desk.house.vault.rows.find([inside], now=desk.house.clock(), with_held=True)
    assert ben.person_id not in desk.house.vault.eraser.heard()


def test_a_hold_under_a_gag_is_in_the_receipt_without_its_end(desk: DemandedHouse) -> None:
    desk.sunday("hold me")
    case = desk.validated(DemandKind.PRESERVATION, gag=Gag(until=desk.house.clock() + timedelta(days=30)))
    desk.demands.preserve(desk.counsel, case.demand_id, reason="an order")
    assert desk.demands.notices(desk.anna.person_id) == ()
    erasure = desk.house.rights.erase_said(desk.anna.person_id, Selection(is_all=True))
    assert (erasure.held, erasure.held_until) == (1, None)
    desk.house.clock.advance(days=30)
    desk.demands.settle()
    assert len(desk.demands.notices(desk.anna.person_id)) == 1
    assert desk.house.rights.erase_said(desk.anna.person_id, Selection(is_all=True)).held_until is not None


def test_an_emergency_is_reviewed_within_a_day_or_it_is_noted(desk: DemandedHouse) -> None:
    desk.sunday()
    case = desk.notified(DemandKind.EMERGENCY)
    package = desk.disclose(case)
    assert error_of(lambda: desk.demands.close(desk.counsel, case.demand_id, reason="done")) == "demand.illegal"
    assert error_of(lambda: desk.demands.review(desk.counsel, case.demand_id, reason="fine")) == "demand.second_person"
    desk.house.clock.advance(hours=24)
    assert desk.demands.settle() == 1
    assert desk.demands.settle() == 0
    assert len(desk.house.entries("demand.overdue")) == 1
    desk.demands.review(desk.officer, case.demand_id, reason="it was real")
    assert desk.demands.close(desk.counsel, case.demand_id, reason="done").state is State.CLOSED
    assert package.outcome is Outcome.WHOLE


def test_without_the_ledger_no_step_is_taken(desk: DemandedHouse) -> None:
    case = desk.approved()
    with desk.house.without_ledger(), pytest.raises(LedgerError):
        desk.demands.notify(desk.counsel, case.demand_id, reason="now")
    assert desk.demands.find(desk.counsel, case.demand_id).state is State.APPROVED
    assert desk.demands.notices(desk.anna.person_id) == ()


def test_a_demand_about_a_child_goes_to_counsel_and_the_guardian_is_told(desk: DemandedHouse) -> None:
    anna = desk.anna.person_id
    child = desk.house.people.add("Cleo", passphrase=PASSPHRASE, role=AccountRole.CHILD, guardian_id=anna)
    case = desk.notified(names=("Cleo",))
    assert case.needs_counsel
    assert [one.is_for_ward for one in desk.demands.notices(anna)] == [True]
    assert [one.is_for_ward for one in desk.demands.notices(child.person_id)] == [False]


def test_an_owner_acts_at_home_alone_and_hands_out_nothing(desk: DemandedHouse) -> None:
    assert desk.anna.role is AccountRole.OWNER
    with pytest.raises(AccessError):
        desk.demands.all(desk.anna)
    for one in (desk.counsel, desk.officer):
        desk.house.people.suspend(one.person_id)
    desk.sunday()
    case = desk.demands.receive(desk.anna, desk.intake(), document=PAPER)
    digest = hashlib.sha256(PAPER).hexdigest()
    desk.demands.validate(desk.anna, case.demand_id, document_sha256=digest, reason="asked the court")
    desk.demands.approve(desk.anna, case.demand_id, reason="to see")
    case = desk.demands.notify(desk.anna, case.demand_id, reason="to see")
    desk.house.clock.advance(days=14)
    with pytest.raises(DemandError, match="counsel and a privacy officer"):
        desk.demands.disclose(desk.anna, case.demand_id, shares=desk.shares[:2], recipient=desk.recipient, reason="no")
    assert desk.demands.holdings().by_kind[DemandKind.SUBPOENA].counts[Category.ACCOUNT] == 3


def test_others_may_do_nothing(desk: DemandedHouse) -> None:
    ben = desk.house.enrolled("Ben")
    case = desk.received()
    for one in (ben, desk.anna):
        assert error_of(lambda one=one: desk.demands.find(one, case.demand_id)) == "access.refused"  # type: ignore[misc]
    assert desk.demands.possible(desk.officer, case.demand_id) == (StepKind.VALIDATED, StepKind.OBJECTED, StepKind.REFUSED)


def test_an_answer_that_is_asked_for_twice_at_once_is_given_once_and_is_the_file_that_lies_there(desk: DemandedHouse) -> None:
    inside = desk.sunday("call the plumber", sound=sound(0.2))
    case = desk.notified()
    desk.house.clock.advance(days=14)
    with ThreadPoolExecutor(4) as pool:
        ends = [pool.submit(desk.disclose, case) for _ in range(4)]
        done = [one.result() for one in ends if one.exception() is None]
    assert [type(one.exception()) for one in ends].count(DemandError) == 3
    (package,) = done
    assert package.path is not None
    assert hashlib.sha256(package.path.read_bytes()).hexdigest() == package.sha256
    assert reads(desk) == [inside, inside]


def test_an_entry_that_is_being_committed_is_not_committed_once_more_by_who_settles(desk: DemandedHouse) -> None:
    house, others = desk.house, list[threading.Thread]()

    class Slow:
        """The house's ledger, at which somebody else settles just before it commits."""

        def append(self, facts: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
            if not others:
                others.append(threading.Thread(target=entries.finish_all))
                others[0].start()
                others[0].join(timeout=0.2)
            return house.ledger.append(facts)

    entries = Entries(house.people.database, ledger=Slow(), clock=house.clock)
    entries.append("a" * 32, [{"v": 1, "kind": "demand.received", "demand": "a" * 32}], opens_at=None)
    others[0].join(timeout=10)
    assert len([one for one in house.entries("demand.received") if one["demand"] == "a" * 32]) == 1


def test_a_case_that_cannot_be_settled_keeps_no_other_waiting(desk: DemandedHouse) -> None:
    desk.sunday()
    gag = Gag(until=desk.house.clock() + timedelta(days=10))
    told = desk.notified(gag=gag)
    desk.house.clock.advance(seconds=1)
    stuck = desk.validated(gag=gag)
    desk.house.clock.advance(days=20)
    desk.demands.object(desk.counsel, stuck.demand_id, reason="its last step is later than it is now, by a clock put back")
    desk.house.clock.advance(days=-8)
    with pytest.raises(DemandError):
        desk.demands.settle()
    assert desk.demands.find(desk.counsel, told.demand_id).told_from is None
    assert len(desk.demands.notices(desk.anna.person_id)) == 1
    desk.house.clock.advance(days=8)
    assert desk.demands.settle() > 0
    assert desk.demands.find(desk.counsel, stuck.demand_id).told_from is None
