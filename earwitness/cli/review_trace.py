"""The command that names the lease of a leaked clip: by this household's own marks and key, or by a key and marks in files.

The leak is read before anything of the household is opened. With files no household and no database is opened at all.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from earwitness import build
from earwitness.cli.options import JSON
from earwitness.config import Settings
from earwitness.domain.errors import SettingsError
from earwitness.review.marks import Marked
from earwitness.review.watermark import MOST_LEASES
from earwitness.review.watermark import trace as trace_sound
from earwitness.review.watermark_code import KEY_BYTES, LEASE_BITS

if TYPE_CHECKING:
    from earwitness.review.watermark import Found

FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, help="File with a watermark's key, 64 hexadecimal digits, instead of this household's.")
@click.option("--leases", type=FILE, help="File with every mark there was, 16 hexadecimal digits a line. Goes with --key.")
@JSON
@click.pass_context
def trace(context: click.Context, file: Path, *, key: Path | None, leases: Path | None, as_json: bool) -> None:
    """Name the lease whose mark is in the sound of FILE, and who held it, or say that there is none to be sure of (status 1)."""
    from earwitness.review.watermark_file import (
        read_leak,
    )  # FFmpeg's libraries are slow to load, and no other command needs them

    if (key is None) != (leases is None):
        raise click.UsageError("--key and --leases go together; without both, this household's own are taken.")
    heard = read_leak(file)
    known: Mapping[int, Marked] = {}
    if key is not None and leases is not None:
        secret, marks = _key(key), _leases(leases)
    else:
        with build.House(context.find_object(Settings) or Settings()) as house:
            known = house.review.sounds.marks.newest()
            secret, marks = house.review.sounds.marks.key(), sorted(known)
    found = trace_sound(heard, key=secret, leases=marks)
    _tell(found, known, as_json=as_json)
    if found is None:
        context.exit(1)


def _tell(found: "Found | None", known: Mapping[int, Marked], *, as_json: bool) -> None:
    named = () if found is None else (found.lease, *found.also)
    if as_json:
        holders = [known[one] for one in named if one in known]
        held = [{"mark": f"{one.mark:016x}", "lease": one.lease_id, "reviewer": one.reviewer} for one in holders]
        told = None if found is None else [f"{one:016x}" for one in named]
        click.echo(json.dumps({"leases": told, "held": held, "false_chance": None if found is None else found.false_chance}))
    elif found is None:
        click.echo("No mark of any of these leases is to be found with certainty. That does not say that there is none.")
    else:
        for one in named:
            click.echo(_sentence(one, known.get(one)))
        click.echo(f"The chance that a lease is named for a sound that none of them had is at most {found.false_chance:.0e}.")


def _sentence(mark: int, held: Marked | None) -> str:
    if held is None:
        return f"The mark of lease {mark:016x} is in it."
    return f"The mark of lease {held.lease_id} is in it: {held.reviewer} held it, from {held.made_at:%Y-%m-%d %H:%M} (UTC) on."


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
