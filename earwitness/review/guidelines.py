"""What reviewers read first, and the short test that opens the desk: out of guidelines.toml, read once."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(files("earwitness.review").joinpath("guidelines.toml").read_text(encoding="utf-8"))


def guidelines() -> dict[str, Any]:
    """Sections and questions, as they are shown: without the answers."""
    questions = [{key: one[key] for key in ("words", "asks", "choices")} for one in _file()["questions"]]
    return {"sections": list(_file()["sections"]), "questions": questions}


def is_passed(answers: Sequence[int]) -> bool:
    """Whether every question was answered rightly."""
    return list(answers) == [one["right"] for one in _file()["questions"]]
