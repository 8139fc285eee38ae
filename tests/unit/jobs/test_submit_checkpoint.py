"""The ledger's head goes to every witness, again and again; one that is away or disagrees keeps nobody else from it."""

import asyncio
import logging
import threading
from dataclasses import dataclass, field

import pytest

from earwitness.domain.errors import EarwitnessError, LedgerError, LinkError, ProofError
from earwitness.jobs.submit_checkpoint import SubmitCheckpoint
from tests.unit.jobs.virtual_time import WallClock, run


@dataclass
class Witness:
    """A witness, as the client shows it to the job: it signs, or says why not."""

    errors: list[EarwitnessError] = field(default_factory=list)
    asked: int = 0
    signed: int = 0

    def ask(self) -> None:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        self.signed += 1


async def test_every_witness_is_asked_and_none_keeps_another_from_it(caplog: pytest.LogCaptureFixture) -> None:
    away, wrong, good = Witness([LinkError("It is away.")]), Witness([ProofError("It saw another history.")]), Witness()
    job = SubmitCheckpoint([away.ask, wrong.ask, good.ask], every_seconds=60.0)
    with caplog.at_level(logging.INFO, logger="earwitness"):
        await job.submit()
    assert (away.signed, wrong.signed, good.signed) == (0, 0, 1)
    levels = {record.levelname: record.getMessage() for record in caplog.records}
    assert levels == {
        "WARNING": "witness did not sign witness=0 code=link.failed",
        "ERROR": "a witness saw another history of this ledger witness=1 code=proof.invalid",
    }
    await job.submit()
    assert (away.signed, wrong.signed, good.signed) == (1, 1, 2)


async def test_a_slow_witness_holds_up_nobody_else() -> None:
    released, quick = threading.Event(), Witness()

    def slow() -> None:
        assert released.wait(timeout=10)

    def last() -> None:
        quick.ask()
        released.set()

    async with asyncio.timeout(30):
        await SubmitCheckpoint([slow, last], every_seconds=60.0).submit()
    assert quick.signed == 1


def test_they_are_asked_again_on_time_whatever_happened() -> None:
    witness = Witness([LedgerError("Busy."), LinkError("It is away.")])

    async def work(clock: WallClock) -> None:
        running = asyncio.create_task(SubmitCheckpoint([witness.ask], every_seconds=900.0).run())
        for seconds, asked in ((1.0, 1), (898.0, 1), (2.0, 2), (900.0, 3), (9_000.0, 13)):
            await asyncio.sleep(seconds)
            assert witness.asked == asked
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run(work)
    assert witness.signed == 11


async def test_without_witnesses_there_is_nothing_to_do() -> None:
    async with asyncio.timeout(30):
        await SubmitCheckpoint([], every_seconds=60.0).run()
