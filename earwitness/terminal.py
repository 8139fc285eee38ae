"""How a turn and the settings look in a terminal. Rendering only."""

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from earwitness.config import Settings
from earwitness.domain.turn import Turn

SECRET: Final = frozenset({"vault.database", "vault.keys_database", "vault.ledger_database"})


def turn_table(turn: Turn, *, kept: str | None = None) -> Table:
    """One finished turn, a line per fact; `kept` is what is kept of it, if that is known."""
    table = Table(box=None, show_header=False)
    table.add_row("heard", Text(turn.transcript or "(nothing)"))
    if turn.intent is not None:
        for place, intent in enumerate(turn.intent.each()):
            slots = ", ".join(f"{key}={value}" for key, value in intent.slots.items())
            table.add_row("then" if place else "understood", Text(f"{intent.name}({slots})"))
    table.add_row("outcome", Text(turn.outcome.value + (f" ({turn.error_code})" if turn.error_code else "")))
    table.add_row("reply", Text(turn.reply))
    if kept is not None:
        table.add_row("kept", kept)
    for stage, milliseconds in turn.timings_ms.items():
        table.add_row(Text(f"  {stage}"), f"{milliseconds:8.1f} ms")
    return table


def settings_table(settings: Settings) -> Table:
    """Every key with its value and description; secrets are not shown."""
    table = Table("setting", "value", "meaning", box=None)
    for key, value, meaning in _rows(settings, ""):
        table.add_row(Text(key), Text("(set)" if key in SECRET and value is not None else str(value)), Text(meaning))
    return table


def _rows(part: BaseModel, prefix: str) -> Iterator[tuple[str, object, str]]:
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, BaseModel):
            yield from _rows(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value, field.description or ""
