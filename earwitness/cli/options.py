"""What several commands share: the options, the two consoles and the look of progress. It runs nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

out = Console(highlight=False)
"""Results, on standard output."""
progress_out = Console(stderr=True, highlight=False)
"""Progress, on standard error, so that it never mixes with a result."""

Tell = Callable[[int, int], None]
"""What long work tells: how many are done, of how many."""
_Done = TypeVar("_Done")

AS_JSON = "as_json"
"""Where the click context notes that JSON was asked for, so that an error is printed the same way."""


def _note_json(context: click.Context, _: click.Parameter, value: bool) -> bool:
    context.meta[AS_JSON] = value
    return value


JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, also of an error.", callback=_note_json)
HOME = click.option("--home", "home_file", type=click.Path(path_type=Path), help="Home file (YAML) with areas and devices.")


def progress(title: str) -> Progress:
    """A bar with a title, how much of how many, and the time taken; it is gone when it ends. In a file there is none."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=progress_out, transient=True, disable=not progress_out.is_terminal)


def with_bar(title: str, work: Callable[[Tell], _Done]) -> _Done:
    """What `work` gives; while it works, a bar shows what it tells."""
    with progress(title) as bar:
        task = bar.add_task(title, total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))
