"""The commands of this household's own ledger: show it, prove from it, publish it, have it witnessed; and witness others'."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from earwitness import build
from earwitness.cli.options import JSON, with_bar
from earwitness.cli.verify import read_key
from earwitness.config import Settings, state_folder
from earwitness.domain.errors import ProofError
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import COSIGNATURE, ED25519, Verifier, parse_checkpoint, parse_note
from earwitness.ledger.witness_client import submit_checkpoint
from earwitness.server.listen import Address
from earwitness.storage.durable import write_whole

SAVE: Final = click.option("--save", type=click.Path(path_type=Path), help="File to write; without it, the terminal.")
PEM: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def ledger() -> None:
    """This household's ledger."""


@ledger.command()
@JSON
@click.pass_obj
def status(settings: Settings, *, as_json: bool) -> None:
    """How many entries there are, the head, the key, and up to where it was witnessed."""
    with build.House(settings) as house:
        note, seen = house.ledger.checkpoint(), house.ledger.cosigned()
        verifier = house.ledger.verifier
    head = parse_checkpoint(parse_note(note).text)
    sizes = {name: parse_checkpoint(parse_note(one).text).size for name, one in sorted(seen.items())}
    if as_json:
        click.echo(json.dumps({"key": verifier, "size": head.size, "root": head.root.hex(), "witnesses": sizes}))
        return
    click.echo(f"{head.size} entries, root {head.root.hex()}\nkey {verifier}")
    for name, size in sizes.items():
        click.echo(f"witnessed by {name} up to {size} entries")
    if not sizes:
        click.echo("no witness has seen it yet")


@ledger.command()
@click.pass_obj
def key(settings: Settings) -> None:
    """Print the verifier key: keep it where it cannot be changed with the ledger."""
    with build.House(settings) as house:
        click.echo(house.ledger.verifier)


@ledger.command()
@click.option("--witnessed", is_flag=True, help="The latest one that a witness signed.")
@SAVE
@click.pass_obj
def checkpoint(settings: Settings, *, witnessed: bool, save: Path | None) -> None:
    """Print the latest signed checkpoint: whoever keeps one finds any later change of the past."""
    with build.House(settings) as house:
        _hand_over(_witnessed(house.ledger) if witnessed else house.ledger.checkpoint(), save)


@ledger.command()
@click.argument("position", type=click.IntRange(min=0, max=2**63 - 1))
@SAVE
@click.pass_obj
def proof(settings: Settings, position: int, *, save: Path | None) -> None:
    """Print the proof of one entry."""
    with build.House(settings) as house:
        _hand_over(json.dumps(house.ledger.proof(position).as_json(), indent=1) + "\n", save)


@ledger.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def publish(settings: Settings, folder: Path) -> None:
    """Write the ledger as static files (C2SP tlog-tiles) to FOLDER; only what is new there is written."""
    with build.House(settings) as house:
        size = with_bar("Publishing", lambda tell: house.ledger.publish(folder, tell=tell))
    click.echo(f"{folder}: {size} entries. Anyone checks them with `earwitness verify log {folder} --key KEY`.")


@ledger.command(name="witness")
@click.argument("url", required=False)
@click.option("--key", help="The witness's verifier key, or a file with it; without it, the one in the setting vault.witnesses.")
@JSON
@click.pass_obj
def submit(settings: Settings, url: str | None, *, key: str | None, as_json: bool) -> None:
    """Have the latest checkpoint co-signed by the witness at URL; without URL, by every one in the setting vault.witnesses."""
    chosen = build.witnesses(settings)
    if url is not None:
        chosen = {url: _witness_key(url, key, chosen)}
    elif key is not None or not chosen:
        raise click.UsageError("Name the witness's URL, or set vault.witnesses.")
    results = []
    with build.House(settings) as house:
        for place, witness in chosen.items():
            before = _size_seen(house.ledger, witness)
            head = submit_checkpoint(house.ledger, place, witness=witness)
            results.append({"witness": witness.name, "url": place, "before": before, "size": head.size})
            if not as_json:
                grew = "the first that it saw" if before is None else f"{before} when it signed before"
                click.echo(f"The witness {witness.name} signed the checkpoint of {head.size} entries ({grew}).")
    if as_json:
        click.echo(json.dumps(results))


@click.command()
@click.option(
    "--log-key", "log_keys", multiple=True, required=True, help="Verifier key, or a file with it, of a ledger to watch."
)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where it keeps its key and what it saw.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; anything but loopback needs TLS.")
@click.option("--port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="Port; 0 picks a free one.")
@click.option("--tls-certificate", type=PEM, help="PEM file with the certificate chain.")
@click.option("--tls-key", type=PEM, help="PEM file with the private key.")
def witness(
    log_keys: tuple[str, ...],
    *,
    folder: Path | None,
    host: str,
    port: int,
    tls_certificate: Path | None,
    tls_key: Path | None,
) -> None:
    """Be a witness for other ledgers: co-sign each checkpoint that continues what was seen before, and only those."""
    logs = [read_key(one, kind=ED25519, option="--log-key") for one in log_keys]
    address = Address(host=host, port=port, tls_certificate=tls_certificate, tls_key=tls_key)
    asyncio.run(build.serve_witness(logs, folder=folder or state_folder() / "witness", address=address, say=click.echo))


def _witnessed(ledger: Ledger) -> str:
    """The note of the most entries that a witness signed."""
    found = ledger.cosigned().values()
    if not found:
        raise ProofError(
            "No witness has signed a checkpoint yet; `earwitness ledger witness URL` asks one.", code="proof.not_found"
        )
    return max(found, key=lambda note: parse_checkpoint(parse_note(note).text).size)


def _size_seen(ledger: Ledger, witness: Verifier) -> int | None:
    note = ledger.cosigned().get(witness.name)
    return None if note is None else parse_checkpoint(parse_note(note).text).size


def _witness_key(url: str, key: str | None, known: dict[str, Verifier]) -> Verifier:
    if key is not None:
        return read_key(key, kind=COSIGNATURE, option="--key")
    if url not in known:
        raise click.UsageError("Give the witness's verifier key with --key, from whoever runs it.")
    return known[url]


def _hand_over(text: str, save: Path | None) -> None:
    if save is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        write_whole(save, [text.encode()])
        click.echo(f"{save}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
