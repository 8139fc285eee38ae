"""What oversight said when a backup was made does not open anything, nor count, beyond what the ledger has after a restore."""

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from earwitness.domain.oversight import Subject
from earwitness.oversight.proposals import TermsInForce
from earwitness.storage.oversight import break_glass, proposals
from earwitness.vault.grants import Grants
from tests.unit.vault.backed_up import Household

OFFICER, GLASS = "0" * 32, "9" * 32


def proposal(number: int, *, days: int, position: int) -> dict[str, object]:
    return {
        "proposal_id": f"{number:032}",
        "subject": Subject.RETENTION.value,
        "terms": f'{{"longest_days": {days}}}',
        "state": "approved",
        "by_id": OFFICER,
        "by_alias": "quiet-officer",
        "proposed_at": 0.0,
        "sealed_reason": b"",
        "from_epoch": "2020-01-01",
        "position": position,
    }


def test_no_emergency_goes_on_and_no_terms_count_that_the_ledger_does_not_have(tmp_path: Path) -> None:
    house = Household(tmp_path)
    with house.open() as opened:
        anna = opened.enrol("Anna")
        said = opened.say(anna, "open me")
        now = house.clock()
        glass = {
            "glass_id": GLASS,
            "state": "granted",
            "person_id": anna,
            "by_id": OFFICER,
            "by_alias": "quiet-officer",
            "asked_at": now.timestamp(),
            "seconds": 86_400.0,
            "sealed_reason": b"",
            "granted_at": now.timestamp(),
            "until": (now + timedelta(days=1)).timestamp(),
        }
        with opened.stores.household.writing() as connection:
            connection.execute(sa.insert(break_glass).values(glass))
            connection.execute(sa.insert(proposals), [proposal(1, days=30, position=0), proposal(2, days=300, position=10_000)])
        assert Grants(opened.stores.household, clock=house.clock).cover(OFFICER, anna, turn_ids=[said])
    house.backup_data()
    keys = house.backup_keys()
    house.restore(keys, replaces=True)
    with house.open() as opened:
        assert not Grants(opened.stores.household, clock=house.clock).cover(OFFICER, anna, turn_ids=[said])
        assert TermsInForce(opened.stores.household, clock=house.clock).longest_seconds() == 30 * 86_400
