"""The commands that verify: offline, without any household's data, trusting no server and nothing that is in the files.

Each says in plain sentences what was established, and no more. What does not verify ends with status 1, a key that cannot be
used and all other errors with 2.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from earwitness.cli.entry_words import say_entry, say_receipt, shown
from earwitness.cli.options import JSON, with_bar
from earwitness.config import state_folder
from earwitness.domain.errors import ProofError, SettingsError
from earwitness.ledger import verify as offline
from earwitness.ledger.note import COSIGNATURE, ED25519, MOST_BYTES, Checkpoint, Verifier, parse_verifier
from earwitness.ledger.proof import MOST_BYTES as LONGEST_PROOF
from earwitness.ledger.proof import read_proof, read_receipt
from earwitness.ledger.publishing import VERIFIER

FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER: Final = click.Path(path_type=Path, exists=True, file_okay=False)
LOG: Final = click.option("--log", "folder", required=True, type=FOLDER, help="Folder of the published ledger.")
KEY: Final = click.option("--key", help="The ledger's verifier key, or a file with it; without it, this machine's own ledger's.")
WITNESS: Final = click.option(
    "--witness", "witnesses", multiple=True, help="Verifier key, or a file with it, of a witness that must have co-signed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What is verified against: the ledger's key, and those of the witnesses that must have co-signed."""

    log: Verifier
    witnesses: tuple[Verifier, ...]

    def cosigned(self, note: str) -> dict[str, str]:
        """When each witness signed a verified checkpoint, as text. Raises ProofError if one of them did not."""
        return {name: _time(moment) for name, moment in offline.cosigned_at(note, self.witnesses).items()}


@click.group()
def verify() -> None:
    """Check proofs, receipts, checkpoints and whole ledgers: offline, trusting no server, only the ledger's key."""


@verify.command()
@click.argument("file", type=FILE)
@KEY
@WITNESS
@JSON
def proof(file: Path, *, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the entry in FILE is in the ledger."""
    keys = _keys(key, witnesses)
    found = read_proof(_bytes(file, LONGEST_PROOF))
    checkpoint, cosigned = found.check(keys.log, witnesses=keys.witnesses), keys.cosigned(found.checkpoint)
    facts = {"index": found.index, "entry": found.entry(), **_facts(checkpoint, keys), "cosigned": cosigned}
    _tell(facts, f"The entry says: {say_entry(found.entry())}.", _place(found.index, checkpoint), cosigned, as_json=as_json)


@verify.command()
@click.argument("file", type=FILE)
@KEY
@WITNESS
@JSON
def receipt(file: Path, *, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the receipt in FILE is the one that the ledger holds."""
    keys = _keys(key, witnesses)
    found = read_receipt(_bytes(file, LONGEST_PROOF))
    checkpoint, cosigned = found.check(keys.log, witnesses=keys.witnesses), keys.cosigned(found.proof.checkpoint)
    facts = {"index": found.proof.index, "receipt": dict(found.statement), "entry": found.proof.entry()}
    said = f"The receipt says: {say_receipt(found.statement)}. The ledger holds its digest."
    _tell(
        {**facts, **_facts(checkpoint, keys), "cosigned": cosigned},
        said,
        _place(found.proof.index, checkpoint),
        cosigned,
        as_json=as_json,
    )


@verify.command()
@click.argument("folder", type=FOLDER)
@KEY
@WITNESS
@JSON
def log(folder: Path, *, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Recompute the published ledger in FOLDER from its entries; nothing may be missing, changed or added."""
    keys = _keys(key, witnesses)
    found = with_bar("Verifying", lambda tell: offline.verify_log(folder, log=keys.log, witnesses=keys.witnesses, tell=tell))
    cosigned = keys.cosigned(found.note)
    kinds = ", ".join(f"{count} {shown(kind)}" for kind, count in sorted(found.kinds.items())) or "no entries"
    said = f"All {found.checkpoint.size} entries and every tile add up to {_under(found.checkpoint)} ({kinds})."
    more = (
        f"Not checked, since no key was given for it: the signature of {', '.join(found.unchecked)}." if found.unchecked else ""
    )
    facts = {"kinds": found.kinds, "unchecked": found.unchecked, **_facts(found.checkpoint, keys), "cosigned": cosigned}
    _tell(facts, said, more, cosigned, as_json=as_json)


@verify.command()
@click.argument("file", type=FILE)
@LOG
@KEY
@WITNESS
@JSON
def checkpoint(file: Path, *, folder: Path, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the checkpoint in FILE is a head, earlier or present, of a published ledger."""
    keys, note = _keys(key, witnesses), _text(file)
    found = offline.verify_checkpoint(note, folder=folder, log=keys.log, witnesses=keys.witnesses)
    cosigned = keys.cosigned(note)
    said = f"The ledger in {folder} contains {_under(found)}: its first {found.size} entries are what they were then."
    _tell({**_facts(found, keys), "cosigned": cosigned}, said, "", cosigned, as_json=as_json)


@verify.command()
@click.argument("older", type=FILE)
@click.argument("newer", type=FILE)
@LOG
@KEY
@WITNESS
@JSON
def consistency(older: Path, newer: Path, *, folder: Path, key: str | None, witnesses: tuple[str, ...], as_json: bool) -> None:
    """Check that the checkpoint in NEWER contains that in OLDER: the ledger only grew."""
    keys, before, after = _keys(key, witnesses), _text(older), _text(newer)
    first, second = offline.verify_consistency(before, after, folder=folder, log=keys.log, witnesses=keys.witnesses)
    cosigned = keys.cosigned(after)
    said = f"From {first.size} to {second.size} entries the ledger only grew: nothing was changed, removed or reordered."
    facts = {"older": _facts(first, keys), "newer": _facts(second, keys), "cosigned": cosigned}
    _tell({"verified": True, **facts}, said, "", cosigned, as_json=as_json)


def read_key(given: str, *, kind: int, option: str) -> Verifier:
    """A verifier key that was given on the command line, as text or as a file's name. Raises SettingsError."""
    try:
        text = _text(Path(given)) if "+" not in given or Path(given).is_file() else given
        found = parse_verifier(text)
    except (ProofError, OSError) as error:
        said = error.sentence if isinstance(error, ProofError) else f"There is no file {given}."
        raise SettingsError(f"{option}: {said}", code="key.invalid") from error
    if found.kind != kind:
        whose = "a witness's" if found.kind == COSIGNATURE else "a ledger's"
        raise SettingsError(f"{option}: {given} is {whose} key; it does not belong there.", code="key.invalid")
    return found


def read_log_key(key: str | None) -> Verifier:
    """The key of the ledger to check against: as given, else this machine's own. Raises SettingsError."""
    return _keys(key, ()).log


def _keys(key: str | None, witnesses: Sequence[str]) -> Keys:
    """The keys to verify against; says on standard error which ledger's key that is and where it came from."""
    own = state_folder() / "keys" / VERIFIER
    if key is None and not own.exists():
        raise SettingsError("Give the ledger's key with --key: this machine has no ledger of its own.", code="key.missing")
    log = read_key(key or str(own), kind=ED25519, option="--key")
    where = f"this machine's own, {own}" if key is None else "given with --key"
    click.echo(f"Checked against the key of {log.name} ({where}).", err=True)
    return Keys(log=log, witnesses=tuple(read_key(one, kind=COSIGNATURE, option="--witness") for one in witnesses))


def _facts(found: Checkpoint, keys: Keys) -> dict[str, Any]:
    return {"verified": True, "ledger": keys.log.name, "size": found.size, "root": found.root.hex()}


def _place(index: int, found: Checkpoint) -> str:
    return f"It is entry {index} (counted from 0) of {found.size} under {_under(found)}."


def _under(found: Checkpoint) -> str:
    return f"the signed checkpoint of {found.origin} with {found.size} entries and root {found.root.hex()[:16]}…"


def _tell(facts: dict[str, Any], said: str, more: str, cosigned: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts))
        return
    witnessed = [f"The witness {name} signed that checkpoint on {moment}." for name, moment in cosigned.items()]
    click.echo("\n".join(["Verified.", *(line for line in (said, more, *witnessed) if line)]))


def _time(moment: int) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return f"second {moment} since 1970"


def _text(path: Path) -> str:
    try:
        return _bytes(path, MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError(f"{path} is no text.", code="proof.unreadable") from error


def _bytes(path: Path, most: int) -> bytes:
    """A file that is not longer than what it should hold can be."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ProofError(f"{path} cannot be read: {error.strerror}.", code="proof.unreadable") from error
    if len(data) > most:
        raise ProofError(f"{path} is too long.", code="proof.unreadable")
    return data
