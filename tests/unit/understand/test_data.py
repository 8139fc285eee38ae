"""Understanding on sentences that the project did not write."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.intent import Context
from earwitness.links.home_file import demo_home, read_home
from earwitness.skills.interface import UnfulfillableError
from earwitness.skills.questions import QuestionSkill
from earwitness.understand.grammar import Grammar
from earwitness.understand.sentences import own_manifests

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


async def test_other_requests_are_refused(data_folder: Path) -> None:
    """A question that no sentence fits counts as refused when the skill of questions does not know it."""
    grammar, questions = Grammar(demo_home()), QuestionSkill(clock=lambda: datetime(2026, 11, 24, 15, 7, tzinfo=UTC))
    own = next(skill for skill in own_manifests() if skill.name == "questions").intents
    rows = [row for row in read(data_folder / "nlu" / "clinc150_train_val.jsonl") if row["intent"] == "oos"]
    taken = []
    for row in rows:
        intent = grammar.understand(row["text"], context=Context(area="kitchen")).intent
        if intent is None:
            continue
        try:
            if intent.name in own:
                await questions.perform(intent, context=Context())
        except UnfulfillableError:
            continue
        taken.append(row["text"])
    assert len(taken) <= len(rows) // 100
