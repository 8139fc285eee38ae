"""Imports point one way, from the command line down to the domain; LEVELS is the order."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "earwitness"

LEVELS: list[set[str]] = [
    {"domain"},
    {"storage", "recurrence"},
    {"ledger"},
    {"protocol", "trust", "speech", "understand", "links", "vault", "people"},
    {"rights", "remote", "ringing"},
    {"turn", "skills"},
    {"review", "improve", "demands"},
    {"oversight"},
    {"server", "web", "satellite", "foreign", "jobs", "fleet"},
    {"doctor", "terminal"},
    {"build"},
    {"demo"},
    {"prove"},
    {"cli"},
    {"__main__"},
]
EVERYWHERE = {"config", "telemetry"}
"""May be imported by anyone and import only the domain."""


def level(room: str) -> int:
    for index, rooms in enumerate(LEVELS):
        if room in rooms:
            return index
    raise AssertionError(f"{room} has no place in the house: name it in LEVELS and in ARCHITECTURE.md")


@cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "earwitness" or len(parts) < 2:
            continue
        other = parts[1]
        if other == room or room == "__init__" or other == "__version__":
            continue
        if room in EVERYWHERE:
            assert other == "domain", f"{room} may import the domain only, not {name}"
        elif other not in EVERYWHERE:
            assert level(other) < level(room), f"{path.name} in {room} imports {name}, which is not below it"


@pytest.mark.parametrize("path", sorted((ROOT / "domain").rglob("*.py")), ids=lambda path: path.name)
def test_the_domain_uses_the_standard_library_only(path: Path) -> None:
    import sys

    for name in imports(path):
        assert name.split(".")[0] in sys.stdlib_module_names | {"earwitness"}, name


@pytest.mark.parametrize("path", [ROOT / "turn" / "machine.py", ROOT / "turn" / "endpoint.py"], ids=lambda path: path.name)
def test_pure_files_touch_neither_clock_nor_world(path: Path) -> None:
    banned = {"asyncio", "time", "random", "os", "datetime", "pathlib", "socket", "logging", "threading"}
    assert not {name.split(".")[0] for name in imports(path)} & banned


def test_no_room_is_called_after_nothing() -> None:
    words = {"utils", "util", "common", "core", "manager", "helper", "helpers", "misc"}
    assert not [path for path in FILES if words & set(path.relative_to(ROOT).with_suffix("").parts)]
