"""A process of its own that answers a demand and kills itself (kill -9) in the midst of it: `python -m … FOLDER POINT`."""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from earwitness.demands import answering, package
from earwitness.demands.entries import Entries
from earwitness.domain.errors import EarwitnessError
from tests.demands_kept import demanded
from tests.houses_kept import Clock, kept_house

TOLD: Final = "told.json"
"""What the process must know, in the folder."""


def die(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _in_the_midst_of_the_package() -> None:
    write = vars(package)["write_sealed"]

    def cut(path: Path, blocks: Any, *, recipients: Any) -> int:
        def some() -> Any:
            yield next(iter(blocks))
            die()

        return int(write(path, some(), recipients=recipients))

    vars(package)["write_sealed"] = cut


def _before_its_entry() -> None:
    finish = Entries.finish

    def cut(self: Entries, number: int) -> int:
        with self._database.reading() as connection:
            body = connection.exec_driver_sql("SELECT body FROM demand_entries WHERE number = ?", (number,)).scalar_one()
        return die() if '"kind":"demand.disclosed"' in body else finish(self, number)

    Entries.finish = cut  # type: ignore[method-assign]


def _before_the_answer_is_written() -> None:
    vars(answering)["write_whole"] = die


POINTS: Final[dict[str, Callable[[], None]]] = {
    "in the midst of the package": _in_the_midst_of_the_package,
    "before its entry": _before_its_entry,
    "before the answer is written": _before_the_answer_is_written,
}


def main(folder: Path, point: str) -> None:
    """Answer the demand that `folder`/told.json names, and die at that point."""
    told = json.loads((folder / TOLD).read_text())
    with kept_house(folder, clock=Clock(datetime.fromisoformat(told["now"]))) as house:
        (counsel,) = (one for one in house.people.all() if one.name == "Cora")
        POINTS[point]()
        try:
            demanded(house).disclose(
                counsel, told["demand"], shares=told["shares"], recipient=told["recipient"], reason="as was approved"
            )
        except EarwitnessError as error:
            sys.exit(error.code)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
