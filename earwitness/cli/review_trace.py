"""The command that names the lease of a leaked clip. Key and leases come from files: it opens no household and no database."""

import json
from pathlib import Path
from typing import Final

import click

from earwitness.cli.options import JSON
from earwitness.domain.errors import SettingsError
from earwitness.review.watermark import MOST_LEASES
from earwitness.review.watermark_code import KEY_BYTES, LEASE_BITS

FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", type=FILE)
@click.option("--key", required=True, type=FILE, help="File with the watermark's key: 64 hexadecimal digits.")
@click.option(
    "--leases", required=True, type=FILE, help="File with the id of every lease there was, 16 hexadecimal digits a line."
)
@JSON
@click.pass_context
def trace(context: click.Context, file: Path, *, key: Path, leases: Path, as_json: bool) -> None:
    """Name the lease whose mark is in the sound of FILE, or say that there is none to be sure of (status 1)."""
    from earwitness.review.watermark_file import (
        trace_file,
    )  # FFmpeg's libraries are slow to load, and no other command needs them

    found = trace_file(file, key=_key(key), leases=_leases(leases))
    if as_json:
        told = None if found is None else [f"{one:016x}" for one in (found.lease, *found.also)]
        click.echo(json.dumps({"leases": told, "false_chance": None if found is None else found.false_chance}))
    elif found is None:
        click.echo("No mark of any of these leases is to be found with certainty. That does not say that there is none.")
    else:
        for one in (found.lease, *found.also):
            click.echo(f"The mark of lease {one:016x} is in it.")
        click.echo(f"The chance that a lease is named for a sound that none of them had is at most {found.false_chance:.0e}.")
    if found is None:
        context.exit(1)


def _key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise SettingsError(f"{path} holds no key of hexadecimal digits.", code="key.invalid") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{path} holds {len(key)} bytes; the watermark's key has {KEY_BYTES}.", code="key.invalid")
    return key


def _leases(path: Path) -> list[int]:
    try:
        found = sorted({int(line, 16) for line in path.read_text(encoding="ascii").split()})
    except ValueError as error:
        raise SettingsError(f"{path} holds something that is no lease's id.") from error
    if any(not 0 <= one < 1 << LEASE_BITS for one in found):
        raise SettingsError(f"{path} holds an id that is longer than {LEASE_BITS} bits.")
    if len(found) > MOST_LEASES:
        raise SettingsError(f"{path} holds {len(found):,} ids; at most {MOST_LEASES:,} can be told apart.")
    return found
