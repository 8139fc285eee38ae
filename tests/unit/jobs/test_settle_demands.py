"""The job that looks after demands that wait for a day."""

from dataclasses import dataclass

from earwitness.domain.errors import LedgerError
from earwitness.jobs.settle_demands import SettleDemands


@dataclass
class FailsAtFirst:
    """Demands whose first look meets a ledger that cannot write."""

    done: int = 0
    is_writable: bool = False

    def settle(self) -> int:
        if not self.is_writable:
            raise LedgerError("The ledger cannot be written.", code="ledger.unwritable")
        self.done += 1
        return 1


def test_what_failed_is_tried_again_at_the_next_look() -> None:
    demands = FailsAtFirst()
    job = SettleDemands(demands)
    job.look()
    demands.is_writable = True
    job.look()
    assert demands.done == 1
