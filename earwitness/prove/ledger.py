"""Guarantee 12: the ledger cannot be rewritten unseen, tried by rewriting one; and this household's own ledger, checked whole."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.errors import ProofError
from earwitness.ledger.note import Verifier, parse_verifier
from earwitness.ledger.verify import verify_checkpoint, verify_consistency, verify_log
from earwitness.prove.evidence import NotProvedError, require

ENTRIES = 300
FLIPS = 200


def no_rewriting(house: House) -> tuple[str, ...]:
    """Guarantee 12: flips, swaps, removals, truncations, a rollback and a split view are all found by the offline verifier."""
    ledger, key = house.ledger, parse_verifier(house.ledger.verifier)
    with TemporaryDirectory() as place:
        folder, old = Path(place) / "log", Path(place) / "old"
        ledger.append([{"v": 1, "kind": "proof", "number": number} for number in range(ENTRIES)])
        ledger.publish(old)
        earlier = ledger.checkpoint()
        ledger.append([{"v": 1, "kind": "proof", "number": number} for number in range(ENTRIES)])
        ledger.publish(folder)
        later = ledger.checkpoint()
        size = verify_log(folder, log=key).checkpoint.size
        verify_consistency(earlier, later, folder=folder, log=key)
        count = _flips(folder, key) + _removals(folder, key)
        _must_fail(lambda: verify_checkpoint(later, folder=old, log=key), "a rollback to an old copy")
        _split(house, old, earlier=earlier, later=later, key=key)
    return (
        f"{size} entries published and verified; {FLIPS} random flipped bits and {count - FLIPS} cut or removed files: all found",
        "an old copy, held against a newer checkpoint: found",
        "another history under the same key, held against a checkpoint: found",
    )


def own_ledger(settings: Settings) -> tuple[str, ...]:
    """This household's own ledger, published to a passing folder and recomputed from its entries."""
    with House(settings) as house, TemporaryDirectory() as place:
        if house.ledger.size() == 0:
            return ("this household's own ledger is empty",)
        house.ledger.publish(Path(place))
        found = verify_log(Path(place), log=parse_verifier(house.ledger.verifier))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items()))
    return (f"this household's own ledger verifies: {found.checkpoint.size} entries ({kinds})",)


def _flips(folder: Path, key: Verifier) -> int:
    chance = random.Random(12)  # noqa: S311  (trials, not secrets)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "ledger.vkey"]
    for _ in range(FLIPS):
        path = chance.choice(files)
        data = path.read_bytes()
        at, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
        path.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
        _must_fail(lambda: verify_log(folder, log=key), f"a flipped bit in {path.name}")
        path.write_bytes(data)
    return FLIPS


def _removals(folder: Path, key: Verifier) -> int:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "ledger.vkey"]
    for path in files:
        data = path.read_bytes()
        path.unlink()
        _must_fail(lambda: verify_log(folder, log=key), f"a removed {path.name}")
        path.write_bytes(data[:-1])
        _must_fail(lambda: verify_log(folder, log=key), f"a cut {path.name}")
        path.write_bytes(data)
    return 2 * len(files)


def _split(house: House, old: Path, *, earlier: str, later: str, key: Verifier) -> None:
    """The same key signs another continuation of the same beginning."""
    with House(house.settings, is_passing=True) as twin:
        shutil.copytree(house.state / "keys", twin.state / "keys")
        twin.ledger.append([{"v": 1, "kind": "proof", "number": -number} for number in range(2 * ENTRIES)])
        require(twin.ledger.verifier == house.ledger.verifier, "The twin has another key, so the trial shows nothing.")
        twin.ledger.publish(old.parent / "twin")
        _must_fail(lambda: verify_checkpoint(earlier, folder=old.parent / "twin", log=key), "another history")
        _must_fail(
            lambda: verify_consistency(earlier, twin.ledger.checkpoint(), folder=old.parent / "log", log=key), "a split view"
        )


def _must_fail(check: Callable[[], object], what: str) -> None:
    try:
        check()
    except ProofError:
        return
    raise NotProvedError(f"The verifier did not find {what}.")
