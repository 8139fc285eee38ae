"""A leaked file names its lease on the command line, from a key and leases in files; anything else is said in a sentence."""

import json
from pathlib import Path

import pytest
import soundfile

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.consent import Purpose
from earwitness.review.watermark import embed
from tests.houses_kept import kept_house
from tests.reviewed_kept import reviewed
from tests.unit.cli.terminal import Terminal
from tests.unit.review.test_desk import RITA, leased
from tests.unit.review.test_sounds import heard
from tests.unit.review.test_watermark import CLIP, KEY, LEASES, MARKED


@pytest.fixture
def files(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "leak.flac", MARKED, RATE_HZ)
    soundfile.write(tmp_path / "plain.flac", CLIP, RATE_HZ)
    soundfile.write(tmp_path / "mixed.flac", MARKED // 2 + embed(CLIP, key=KEY, lease=LEASES[9]) // 2, RATE_HZ)
    (tmp_path / "key").write_text(KEY.hex() + "\n")
    (tmp_path / "short").write_text("abcd")
    (tmp_path / "leases").write_text("".join(f"{one:016x}\n" for one in LEASES[:50]))
    (tmp_path / "words").write_text("these are no ids")
    return tmp_path


def run(files: Path, leak: str, *options: str, key: str = "key", leases: str = "leases") -> tuple[int, str]:
    ended = Terminal(files)(
        "review", "trace", str(files / leak), "--key", str(files / key), "--leases", str(files / leases), *options
    )
    return ended.exit_code, ended.output


def test_a_leak_names_its_lease(files: Path) -> None:
    code, said = run(files, "leak.flac")
    assert code == 0
    assert f"lease {LEASES[7]:016x}" in said
    code, said = run(files, "leak.flac", "--json")
    assert json.loads(said)["leases"] == [f"{LEASES[7]:016x}"]
    assert json.loads(said)["false_chance"] < 1e-6


def test_copies_that_were_mixed_name_no_third(files: Path) -> None:
    _, said = run(files, "mixed.flac", "--json")
    assert set(json.loads(said)["leases"] or []) <= {f"{LEASES[7]:016x}", f"{LEASES[9]:016x}"}


def test_what_is_not_marked_names_nobody(files: Path) -> None:
    code, said = run(files, "plain.flac")
    assert code == 1
    assert "No mark" in said


@pytest.mark.parametrize(
    ("leak", "key", "leases", "said"),
    [
        ("leak.flac", "short", "leases", "32"),
        ("leak.flac", "words", "leases", "no key"),
        ("leak.flac", "key", "words", "no lease's id"),
        ("key", "key", "leases", "no sound"),
    ],
)
def test_what_cannot_be_used_is_said(files: Path, leak: str, key: str, leases: str, said: str) -> None:
    code, told = run(files, leak, key=key, leases=leases)
    assert code == 2
    assert said in told


def test_at_the_household_a_leak_names_the_lease_and_who_held_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path))
    with kept_house(tmp_path) as house:
        review = reviewed(house)
        anna = review.reviewable()
        house.consent(anna, Purpose.HEAR)
        house.review.desk.passed(RITA.alias)
        review.drawn(anna, "turn on the lamp", sound=CLIP.astype("<i2").tobytes())
        house.review.settle()
        lease = leased(house.review.desk)
        served = heard(house.review.playback, lease.lease_id)
    soundfile.write(tmp_path / "leak.flac", served[RATE_HZ // 2 :], RATE_HZ)
    soundfile.write(tmp_path / "other.flac", CLIP, RATE_HZ)
    run = Terminal(tmp_path)
    said = run.done("review", "trace", str(tmp_path / "leak.flac"))
    assert f"lease {lease.lease_id}" in said
    assert RITA.alias in said
    (held,) = run.found("review", "trace", str(tmp_path / "leak.flac"))["held"]
    assert (held["lease"], held["reviewer"]) == (lease.lease_id, RITA.alias)
    assert run("review", "trace", str(tmp_path / "other.flac")).exit_code == 1
    assert run("review", "trace", str(tmp_path / "leak.flac"), "--key", str(tmp_path / "leak.flac")).exit_code == 2
