"""The `earwitness` command. It reads arguments, asks `build` for what it needs and prints; it decides nothing about a turn.

Every error ends in one line with its stable code; never in a traceback. The exit status is 2, or 1 for what does not verify.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from earwitness import __version__
from earwitness.cli import (
    backup,
    demands,
    devices,
    evaluate,
    history,
    improve,
    ledger,
    links,
    machine,
    people,
    prove,
    remote,
    review,
    rules,
    satellite,
    serve,
    setup,
    skills,
    tokens,
    turns,
    verify,
)
from earwitness.cli.options import AS_JSON
from earwitness.config import read_settings
from earwitness.domain.errors import EarwitnessError

NOT_VERIFIED: Final = ("proof.invalid", "proof.unreadable")
"""The codes that end with status 1: something was verified and is not what it says."""


class _Command(click.Group):
    """Turns errors of the house into one line."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except EarwitnessError as error:
            _stop(error.code, error.sentence, context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)
        except Exception as error:
            if os.environ.get("EARWITNESS_DEBUG"):
                raise
            sentence = f"Something unforeseen happened ({type(error).__name__}); set EARWITNESS_DEBUG=1 to see where."
            _stop("earwitness.unforeseen", sentence, context)


def _stop(code: str, sentence: str, context: click.Context) -> NoReturn:
    """`sentence` may quote what others wrote, so nothing of it steers the terminal."""
    if context.meta.get(AS_JSON):
        click.echo(json.dumps({"error": {"code": code, "message": sentence}}))
    line = "".join(character if character.isprintable() else "\ufffd" for character in sentence)
    click.echo(f"earwitness: {code}: {line}", err=True)
    sys.exit(1 if code in NOT_VERIFIED else 2)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.pass_context
def main(context: click.Context, settings_file: Path | None) -> None:
    """A private voice assistant that does what you say, and can prove who heard it."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    context.obj = read_settings(settings_file)


for command in (
    setup.setup,
    serve.run,
    serve.demo_command,
    turns.ask,
    turns.say,
    turns.voices,
    people.people,
    tokens.tokens,
    skills.skills,
    links.links,
    rules.rules,
    devices.devices,
    people.consent,
    history.history,
    history.listens,
    history.receipts,
    history.export,
    history.erase,
    ledger.ledger,
    ledger.witness,
    verify.verify,
    backup.backup,
    backup.restore,
    backup.keys,
    review.review,
    improve.improve,
    demands.demands,
    prove.prove,
    remote.remote,
    satellite.satellite,
    evaluate.evaluate,
    machine.doctor_command,
    machine.models,
    machine.settings_command,
):
    main.add_command(command)
