"""The commands of the ledger: verify, offline and without any household's data; show, publish and prove one's own."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from earwitness import build
from earwitness.cli.options import JSON, out, progress
from earwitness.config import Settings, state_folder
from earwitness.domain.errors import ProofError
from earwitness.ledger import verify as offline
from earwitness.ledger.note import Checkpoint, Verifier, parse_checkpoint, parse_note, parse_verifier
from earwitness.ledger.proof import read_proof, read_receipt
from earwitness.storage.durable import write_whole

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
KEY = click.option("--key", help="The ledger's verifier key, or a file that holds it; without it, this machine's own ledger's.")
WITNESS = click.option("--witness", "witnesses", multiple=True, help="A witness's verifier key, or a file that holds it.")
SAVE = click.option("--save", type=click.Path(path_type=Path), help="File to write; without it, the terminal.")


@click.group()
def verify() -> None:
    """Check proofs, receipts, checkpoints and whole ledgers: offline, trusting no server, only the ledger's key."""


@verify.command(name="proof")
@click.argument("file", type=FILE)
@KEY
@WITNESS
@JSON
def verify_proof(file: Path, *, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the entry in FILE is in the ledger."""
    log, known = _keys(key, witnesses)
    proof = read_proof(file.read_bytes())
    checkpoint = proof.check(log, witnesses=known)
    facts = {"index": proof.index, "entry": proof.entry(), **_facts(checkpoint, log)}
    said = f"The ledger {log.name} holds this as entry {proof.index} of {checkpoint.size}"
    _tell(facts, f"{said}: {_entry(proof.entry())}", as_json=as_json)


@verify.command(name="receipt")
@click.argument("file", type=FILE)
@KEY
@WITNESS
@JSON
def verify_receipt(file: Path, *, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the receipt in FILE is the one that the ledger holds."""
    log, known = _keys(key, witnesses)
    receipt = read_receipt(file.read_bytes())
    checkpoint = receipt.check(log, witnesses=known)
    facts = {"index": receipt.proof.index, "receipt": dict(receipt.statement), **_facts(checkpoint, log)}
    gone = f"{receipt.statement.get('recordings')} recordings were deleted at {receipt.statement.get('at')}"
    _tell(facts, f"{gone}; the ledger {log.name} holds this receipt as entry {receipt.proof.index}.", as_json=as_json)


@verify.command(name="log")
@click.argument("folder", type=FOLDER)
@KEY
@WITNESS
@JSON
def verify_log(folder: Path, *, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Recompute the published ledger in FOLDER from its entries; nothing may be missing, changed or added."""
    log, known = _keys(key, witnesses)
    found = _with_bar("Verifying", lambda tell: offline.verify_log(folder, log=log, witnesses=known, tell=tell))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items())) or "none"
    said = f"All {found.checkpoint.size} entries add up to the signed checkpoint of {log.name}: {kinds}."
    _tell({"kinds": found.kinds, **_facts(found.checkpoint, log)}, said, as_json=as_json)


@verify.command(name="checkpoint")
@click.argument("file", type=FILE)
@click.option("--log", "folder", required=True, type=FOLDER, help="Folder of the published ledger.")
@KEY
@WITNESS
@JSON
def verify_checkpoint(file: Path, *, folder: Path, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the checkpoint in FILE is a head, earlier or present, of a published ledger."""
    log, known = _keys(key, witnesses)
    found = offline.verify_checkpoint(_text(file), folder=folder, log=log, witnesses=known)
    said = f"The published ledger contains this checkpoint: its first {found.size} entries are what they were."
    _tell(_facts(found, log), said, as_json=as_json)


@verify.command(name="consistency")
@click.argument("older", type=FILE)
@click.argument("newer", type=FILE)
@click.option("--log", "folder", required=True, type=FOLDER, help="Folder of the published ledger.")
@KEY
@JSON
def verify_consistency(older: Path, newer: Path, *, folder: Path, key: str | None, as_json: bool) -> None:
    """Check that the checkpoint in NEWER contains that in OLDER: the ledger only grew."""
    log, _ = _keys(key, ())
    first, second = offline.verify_consistency(_text(older), _text(newer), folder=folder, log=log)
    said = f"From {first.size} to {second.size} entries the ledger only grew."
    _tell({"older": _facts(first, log), "newer": _facts(second, log)}, said, as_json=as_json)


@click.group()
def ledger() -> None:
    """This household's ledger."""


@ledger.command()
@JSON
@click.pass_obj
def status(settings: Settings, *, as_json: bool) -> None:
    """How many entries there are, the head, and who signed it."""
    with build.House(settings) as house:
        note = parse_note(house.ledger.checkpoint())
        key, cosigned = house.ledger.verifier, sorted(house.ledger.cosigned())
    checkpoint = parse_checkpoint(note.text)
    facts = {"key": key, "size": checkpoint.size, "root": checkpoint.root.hex(), "witnesses": cosigned}
    who = ", ".join(cosigned) or "nobody yet"
    _tell(facts, f"{checkpoint.size} entries under {key}; witnessed by {who}.", as_json=as_json, is_plain=True)


@ledger.command()
@click.pass_obj
def key(settings: Settings) -> None:
    """Print the verifier key: keep it where it cannot be changed with the ledger."""
    with build.House(settings) as house:
        click.echo(house.ledger.verifier)


@ledger.command()
@SAVE
@click.pass_obj
def checkpoint(settings: Settings, *, save: Path | None) -> None:
    """Print the latest signed checkpoint: whoever keeps one finds any later change of the past."""
    with build.House(settings) as house:
        _hand_over(house.ledger.checkpoint(), save)


@ledger.command()
@click.argument("position", type=click.IntRange(min=0))
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
        size = _with_bar("Publishing", lambda tell: house.ledger.publish(folder, tell=tell))
    out.print(f"{folder}: {size} entries. Anyone checks them with `earwitness verify log {folder} --key KEY`.")


def _keys(key: str | None, witnesses: Sequence[str]) -> tuple[Verifier, tuple[Verifier, ...]]:
    if key is None:
        own = state_folder() / "keys" / "ledger.vkey"
        if not own.exists():
            raise ProofError("Give the ledger's key with --key: this machine has no ledger of its own.", code="proof.unreadable")
        key = str(own)
    log = parse_verifier(_key_text(key))
    click.echo(f"Checked against the key of {log.name}" + (f" in {key}" if Path(key).exists() else "") + ".", err=True)
    return log, tuple(parse_verifier(_key_text(one)) for one in witnesses)


def _key_text(key: str) -> str:
    """The key itself, or what is in the file of that name."""
    try:
        return Path(key).read_text(encoding="utf-8") if Path(key).is_file() else key
    except (OSError, UnicodeDecodeError) as error:
        raise ProofError(f"{key} holds no verifier key.", code="proof.unreadable") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProofError(f"{path} is no checkpoint.", code="proof.unreadable") from error


def _facts(found: Checkpoint, log: Verifier) -> dict[str, Any]:
    return {"verified": True, "ledger": log.name, "size": found.size, "root": found.root.hex()}


def _entry(entry: dict[str, Any]) -> str:
    """An entry as a sentence of its own facts."""
    rest = {name: value for name, value in entry.items() if name not in ("v", "kind", "at")}
    when = f", {entry['at']}" if "at" in entry else ""
    return f"{entry.get('kind', 'unknown')}{when}; " + ", ".join(f"{name} {value}" for name, value in sorted(rest.items()))


def _tell(facts: dict[str, Any], said: str, *, as_json: bool, is_plain: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(facts))
    else:
        out.print(Text(said if is_plain else f"Verified. {said}"))


def _hand_over(text: str, save: Path | None) -> None:
    if save is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        write_whole(save, [text.encode()])
        out.print(f"{save}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


def _with_bar(title: str, work: Callable[[Callable[[int, int], None]], Any]) -> Any:
    with progress(title) as bar:
        task = bar.add_task(title, total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))
