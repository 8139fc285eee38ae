"""`make bench-times`: libraries that read times, and our own reader, on our table and on NVIDIA's pairs.

"Right" is the whole value. A row that must be asked back is right only if all its candidates and nothing else are named; a
library that takes one of them has "guessed". The others run in `.venv-times`, with a `now` and one question at a time, as we do.
"""

import json
import statistics
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bench.page import ROOT, data_folder, machine, publish, table
from bench.time_sets import NOW, ZONE, Pair, Phrase, pairs, phrases, same, told
from earwitness.domain.times import Frame
from earwitness.understand.times import find, read

PEERS_PYTHON: Final = ROOT / ".venv-times" / "bin" / "python"
OWN: Final = "earwitness"
_SLOTS: Final = frozenset(("time", "date", "timeofday", "general_frequency"))
_LEFT_OUT: Final = frozenset(("toward the past", "over"))
"""Groups that other libraries are not asked: they cannot be told the direction, or say that something is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A phrase and everything that it may be told as."""

    text: str
    accepted: frozenset[str]
    source: Phrase | Pair

    def own(self) -> str:
        """What we tell."""
        if not self.source.is_sentence:
            return told(read(self.text, frame=self.source.frame))
        found = find(self.text, frame=self.source.frame)
        return told(found.reading if found is not None else None)


def main() -> None:
    """Print and publish the comparison."""
    facts = machine()
    sets = {
        "our table": [_row(each) for each in phrases()],
        "NVIDIA's pairs": [Row(text=each.text, accepted=each.accepted, source=each) for each in pairs(data_folder())],
    }
    told_of = [facts]
    for name, rows in sets.items():
        told_of += ["", f"{name}, {len(rows)} phrases:", "", _compared(rows)]
    told_of += ["", "The table by groups, our reader:", "", _by_group(sets["our table"])]
    told_of += ["", "In sentences that people said to an assistant (SLURP, development part), our reader:", "", _in_sentences()]
    publish("times", "\n".join(told_of))


def _row(phrase: Phrase) -> Row:
    return Row(text=phrase.text, accepted=frozenset((same(phrase.expected),)), source=phrase)


def _compared(rows: list[Row]) -> str:
    lines = [_own_line(rows)]
    asked = [row for row in rows if not (isinstance(row.source, Phrase) and row.source.group in _LEFT_OUT)]
    for name, answers in _peers(asked).items():
        verdicts = Counter(_verdict(row, answer) for row, (answer, _) in zip(asked, answers, strict=True))
        lines.append(_line(name, verdicts, [micros for _, micros in answers]))
    return table(["library", "phrases", "right", "guessed", "wrong", "unanswered", "µs a phrase, median"], lines)


def _own_line(rows: list[Row]) -> list[str]:
    verdicts: Counter[str] = Counter()
    micros: list[float] = []
    for row in rows:
        began = time.perf_counter()
        answer = row.own()
        micros.append((time.perf_counter() - began) * 1e6)
        verdicts["right" if answer in row.accepted else "unanswered" if answer == "none" else "wrong"] += 1
    return _line(OWN, verdicts, micros)


def _line(name: str, verdicts: Counter[str], micros: list[float]) -> list[str]:
    total = verdicts.total()
    counts = [f"{verdicts[kind]} ({100 * verdicts[kind] / total:.1f} %)" for kind in ("right", "guessed", "wrong", "unanswered")]
    return [name, str(total), *counts, f"{statistics.median(micros):.0f}"]


def _peers(rows: list[Row]) -> dict[str, list[tuple[dict[str, Any] | None, float]]]:
    """What the other libraries answer; nothing where they are not installed."""
    if not PEERS_PYTHON.exists():
        print("The other libraries are not installed; run `make bench-times`, which installs them in .venv-times.")
        return {}
    asked = "\n".join(json.dumps({"text": row.text, "is_sentence": row.source.is_sentence}) for row in rows)
    done = subprocess.run(
        [PEERS_PYTHON, ROOT / "bench" / "time_peers.py"], input=asked, capture_output=True, text=True, check=True, timeout=1800
    )
    answers: dict[str, list[tuple[dict[str, Any] | None, float]]] = json.loads(done.stdout)
    return answers


def _verdict(row: Row, answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "right" if "none" in row.accepted else "unanswered"
    verdicts = {_against(expected, answer) for expected in _loosened(row)}
    return next((kind for kind in ("right", "guessed") if kind in verdicts), "wrong")


def _against(expected: str, answer: dict[str, Any]) -> str:
    if expected.startswith("ask "):
        wanted = expected.removeprefix("ask ").split(" | ")
        found = {each for each in wanted if _is_same(each, answer)}
        is_all = len(found) == len(wanted) == len(answer.get("options", []))
        return "right" if is_all else "guessed" if found else "wrong"
    return "right" if _is_same(expected, answer) and len(answer.get("options", [])) < 2 else "wrong"


def _loosened(row: Row) -> frozenset[str]:
    """What is accepted of the others: a pair names no direction, so the time may be tomorrow's and the day next year's."""
    if isinstance(row.source, Phrase):
        return row.accepted
    later = {each.replace(", 2030-05-15", ", 2030-05-16") for each in row.accepted}
    later |= {each.replace("2030-", "2031-", 1) for each in row.accepted if each.startswith("2030-")}
    return row.accepted | later | {each for asked in row.accepted for each in _next_days(asked)}


def _next_days(asked: str) -> set[str]:
    """An "ask" row with one or the other of its times on the next day."""
    first, _, second = asked.partition(" | ")
    moved = [each.replace("2030-05-15", "2030-05-16") for each in (first, second)]
    return {f"{first} | {moved[1]}", f"{moved[0]} | {second}"} if second else set()


def _is_same(expected: str, answer: dict[str, Any]) -> bool:
    """Whether one of the answer's values is the expected one, generously: days by their date, intervals by their start."""
    if expected.startswith("FREQ="):
        rule = {part for part in str(answer.get("rule", "")).removeprefix("RRULE:").split(";") if not part.startswith("DTSTART")}
        said = {part for part in expected.partition(" from ")[0].split(";") if "=" in part}
        return bool(said & rule) and {part for part in rule if not part.startswith(("BYHOUR", "BYMINUTE"))} <= said
    if expected.endswith((" s", " d", " mo")):
        return _is_length(expected, answer)
    starts = [str(option[0]) for option in answer.get("options", [])]
    moment = expected.partition(" / ")[0]
    if ", " in moment:
        clock, _, day = moment.partition(", ")
        moment = f"{day} {clock}"
    day, _, clock = moment.partition(" ")
    if not clock or not clock[0].isdigit():
        return any(start.startswith(day) for start in starts)
    return any(start.startswith(moment) for start in starts)


def _is_length(expected: str, answer: dict[str, Any]) -> bool:
    count, _, unit = expected.partition(" ")
    seconds = float(count) * {"s": 1, "d": 86_400, "mo": 30 * 86_400}[unit]
    if "seconds" in answer:
        return float(answer["seconds"]) == seconds
    later = (NOW.replace(tzinfo=None) + timedelta(seconds=seconds)).isoformat(sep=" ")
    return any(str(option[0]) == later for option in answer.get("options", []))


def _in_sentences() -> str:
    """How often a time is found in sentences with and without a slot of time or date; the slots themselves are not all right."""
    frame = Frame(now=NOW, zone=ZONE)
    counts = {True: Counter[bool](), False: Counter[bool]()}
    for line in (data_folder() / "nlu" / "slurp_devel.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        counts[bool(_SLOTS & row["slots"].keys())][find(row["text"], frame=frame) is not None] += 1
    names = {True: "with a slot of time, date, part of the day or frequency", False: "without"}
    rows = [[names[kind], str(found.total()), str(found[True])] for kind, found in counts.items()]
    return table(["sentences", "of them", "a time was found in"], rows)


def _by_group(rows: list[Row]) -> str:
    groups: dict[str, Counter[bool]] = {}
    for row in rows:
        if isinstance(row.source, Phrase):
            groups.setdefault(row.source.group, Counter())[row.own() in row.accepted] += 1
    return table(["group", "right", "of"], [[name, str(found[True]), str(found.total())] for name, found in groups.items()])


if __name__ == "__main__":
    main()
