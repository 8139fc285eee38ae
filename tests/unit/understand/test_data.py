"""Understanding on sentences that the project did not write."""

import json
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.intent import Context
from earwitness.links.home_file import demo_home, read_home
from earwitness.understand.grammar import Grammar

HOMES = Path(__file__).resolve().parents[3] / "bench" / "homes"

pytestmark = pytest.mark.data


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def is_same(expected: object, found: object) -> bool:
    if isinstance(expected, list):
        return any(is_same(one, found) for one in expected)
    if isinstance(expected, str) and isinstance(found, str):
        return expected.strip().lower() == found.strip().lower()
    return expected == found


def test_home_assistant_sentences(data_folder: Path) -> None:
    grammar = Grammar(read_home(HOMES / "home_assistant_tests.yaml"))
    rows = read(data_folder / "nlu" / "home_assistant_intents_2025.jsonl")
    right_intents = right_slots = 0
    for row in rows:
        intent = grammar.understand(row["text"], context=Context(area=(row["context"] or {}).get("area"))).intent
        if intent is not None and intent.name == row["intent"]:
            right_intents += 1
            keys = set(row["slots"])
            right_slots += keys == set(intent.slots) and all(is_same(row["slots"][key], intent.slots[key]) for key in keys)
    assert right_intents / len(rows) >= 0.97
    assert right_slots / len(rows) >= 0.95


def test_spoken_commands(data_folder: Path) -> None:
    grammar = Grammar(read_home(HOMES / "commands.yaml"))
    for row in read(data_folder / "audio" / "commands.jsonl"):
        intent = grammar.understand(row["text"], context=Context(area="Kitchen")).intent
        assert intent is not None, row["text"]
        wanted = {key: "Kitchen" if value == "<context area>" else value for key, value in row["slots"].items()}
        assert (intent.name, dict(intent.slots)) == (row["intent"], wanted)


def test_other_requests_are_refused(data_folder: Path) -> None:
    grammar = Grammar(demo_home())
    rows = [row for row in read(data_folder / "nlu" / "clinc150_train_val.jsonl") if row["intent"] == "oos"]
    taken = [row["text"] for row in rows if grammar.understand(row["text"], context=Context(area="kitchen")).intent]
    assert len(taken) <= len(rows) // 100
