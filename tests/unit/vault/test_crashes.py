"""kill -9 at every write, and at random moments: what was acknowledged as kept opens, what was acknowledged as deleted is gone,
and nothing that was begun is half there."""

import json
import subprocess
import sys
from pathlib import Path

LIVES = 100
WRITES = 40
"""The scripted life has more writes than this, or it does not do what it should."""


def run(kind: str, folder: Path, *more: str) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.unit.vault.crashing", kind, str(folder), *more]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout)
    print(found)
    return found


def test_killed_at_every_write(tmp_path: Path) -> None:
    found = run("every", tmp_path)
    assert found["writes"] == found["killed"] > WRITES


def test_killed_at_random_moments(tmp_path: Path) -> None:
    assert run("random", tmp_path, str(LIVES))["killed"] == LIVES
