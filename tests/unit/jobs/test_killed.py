"""kill -9 at a hundred random moments around due times: each occurrence rings once, late ones say so, missed ones are told."""

import json
import subprocess
import sys
from pathlib import Path


def test_each_occurrence_rings_once_whenever_the_process_is_killed(quick_folder: Path) -> None:
    command = [sys.executable, "-m", "tests.unit.jobs.killed", str(quick_folder), "100"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    count = json.loads(done.stdout)
    assert count["wrong"] == []
    assert count["kills"] == 100
    assert count["occurrences"] > 200
    assert count["late"] > 5
    assert count["goes_on"] + count["again"] > 5
    assert count["missed"] > 5
