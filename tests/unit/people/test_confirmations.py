"""What owners choose about confirming, kept; and what holds with it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.confirmation import Act, Confirmation, Speaker, Subject
from earwitness.domain.errors import PersonError
from earwitness.people.confirmations import REMEMBERED_SECONDS, Confirmations
from earwitness.people.people import People
from earwitness.storage.database import Database
from earwitness.storage.outside import confirmations as rows


def test_choices_are_kept_and_taken_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db", chain="household")
    chosen = Confirmations(database)
    chosen.choose(Act.CALL, Speaker.ADULT, Confirmation.NONE)
    chosen.choose(Act.CALL, Speaker.ADULT, Confirmation.ASK)
    chosen.choose_device("lock.shed", Confirmation.NONE)
    chosen.choose_device("lock.shed", Confirmation.REFUSE, speaker=Speaker.CHILD)
    for each in (chosen, Confirmations(database)):
        policy = each.policy()
        assert policy.decide(Act.CALL, Speaker.ADULT) is Confirmation.ASK
        assert policy.decide(Act.CALL, Speaker.OWNER) is Confirmation.READ_BACK
        assert policy.decide(Act.UNLOCK, Speaker.OWNER, device_id="lock.shed") is Confirmation.NONE
        assert policy.decide(Act.UNLOCK, Speaker.CHILD, device_id="lock.shed") is Confirmation.REFUSE
        assert policy.decide(Act.UNLOCK, Speaker.OWNER, device_id="lock.front") is Confirmation.ASK
    chosen.choose(Act.CALL, Speaker.ADULT, None)
    chosen.choose_device("lock.shed", None)
    policy = chosen.policy()
    assert policy.decide(Act.CALL, Speaker.ADULT) is Confirmation.READ_BACK
    assert policy.decide(Act.UNLOCK, Speaker.OWNER, device_id="lock.shed") is Confirmation.ASK
    assert policy.decide(Act.UNLOCK, Speaker.CHILD, device_id="lock.shed") is Confirmation.REFUSE
    database.close()


def test_an_act_of_a_newer_version_is_none_here(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db", chain="household")
    with database.writing() as connection:
        connection.execute(sa.insert(rows).values(subject="act:teleport", speaker="owner", confirmation="ask"))
    assert not Confirmations(database).policy().chosen
    database.close()


@pytest.mark.parametrize("act", [Act.DELETE_EVERYTHING, Act.EMERGENCY_CALL])
def test_some_acts_are_always_asked_about(tmp_path: Path, act: Act) -> None:
    database = Database(tmp_path / "household.db", chain="household")
    chosen = Confirmations(database)
    for least in (Confirmation.NONE, Confirmation.READ_BACK):
        assert chosen.choose(act, Speaker.OWNER, least).decide(act, Speaker.OWNER) is Confirmation.ASK
    assert chosen.choose(act, Speaker.OWNER, Confirmation.REFUSE).decide(act, Speaker.OWNER) is Confirmation.REFUSE
    policy = chosen.choose_device("lock.shed", Confirmation.NONE)
    assert policy.decide(act, Speaker.ADULT, device_id="lock.shed") is Confirmation.ASK
    database.close()


def test_rules_of_people_and_of_acts_with_a_device_are_kept_and_go_with_the_person(tmp_path: Path) -> None:
    database = Database(tmp_path / "household.db", chain="household")
    people = People(database, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    people.add("Olga", passphrase="four plain words of mine")
    tim = people.add("Tim", passphrase="four plain words of his")
    kept = Confirmations(database)
    rules = {
        Subject(device_id="lock.front: a/b", act=Act.UNLOCK, person_id=tim.person_id): Confirmation.REFUSE,
        Subject(device_id="light.desk", person_id=tim.person_id): Confirmation.ASK,
        Subject(act=Act.CALL, person_id=tim.person_id): Confirmation.NONE,
        Subject(device_id="lock.front: a/b", act=Act.LOCK): Confirmation.NONE,
        Subject(device_id="lock.front: a/b", act=Act.LOCK, speaker=Speaker.CHILD): Confirmation.REFUSE,
    }
    for subject, confirmation in rules.items():
        kept.choose_rule(subject, Confirmation.READ_BACK)
        kept.choose_rule(subject, confirmation)
    assert kept.policy().rules == Confirmations(database).policy().rules == rules
    kept.choose_rule(Subject(act=Act.CALL, person_id=tim.person_id), None)
    assert len(kept.policy().rules) == len(rules) - 1
    with database.writing() as connection:
        connection.execute(sa.text("DELETE FROM people WHERE person_id = :id"), {"id": tim.person_id})
    left = Confirmations(database).policy().rules
    assert left
    assert all(subject.person_id is None for subject in left)
    database.close()


@pytest.mark.parametrize(
    "subject", [Subject(), Subject(act=Act.CALL), Subject(speaker=Speaker.CHILD), Subject(act=Act.CALL, person_id="nobody")]
)
def test_what_is_no_rule_is_refused(tmp_path: Path, subject: Subject) -> None:
    database = Database(tmp_path / "household.db", chain="household")
    with pytest.raises(PersonError) as refused:
        Confirmations(database).choose_rule(subject, Confirmation.ASK)
    assert refused.value.code == "confirmation.invalid"
    database.close()


def test_what_another_program_chooses_counts_soon(tmp_path: Path) -> None:
    now = [100.0]
    database = Database(tmp_path / "household.db", chain="household")
    server, command = Confirmations(database, clock=lambda: now[0]), Confirmations(database)
    assert server.policy().decide(Act.CALL, Speaker.ADULT) is Confirmation.READ_BACK
    command.choose(Act.CALL, Speaker.ADULT, Confirmation.ASK)
    assert server.policy().decide(Act.CALL, Speaker.ADULT) is Confirmation.READ_BACK
    now[0] += REMEMBERED_SECONDS + 0.1
    assert server.policy().decide(Act.CALL, Speaker.ADULT) is Confirmation.ASK
    database.close()
