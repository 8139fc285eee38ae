"""The package of a disclosure: a zip of just what is in scope, encrypted to the recipient as it is made. Calls block.

manifest.json    each file with its length, SHA-256, and the proof that its opening was in the ledger before
account.json, devices.json, turns.json, words/ID.json, sound/ID.wav   as far as they are in scope

Nothing of it is written in plain: what leaves memory is encrypted (age). A package that is made again replaces the one before.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.errors import BackupError, DemandError
from earwitness.rights.export import ZipPipe
from earwitness.speech.audio_file import wav_header
from earwitness.vault.backup_age import check_recipients, write_sealed
from earwitness.vault.demanded import Demanded


@dataclass(slots=True)
class _Made:
    files: list[dict[str, object]]


def check_recipient(recipient: str) -> None:
    """Raises DemandError (demand.invalid) unless that is an age recipient."""
    try:
        check_recipients([recipient])
    except BackupError as error:
        sentence = "That is no age recipient; ask the authority for its public key, which begins with age1."
        raise DemandError(sentence, code="demand.invalid") from error


def write_package(
    path: Path,
    *,
    facts: Mapping[str, object],
    plain: Mapping[str, object],
    opened: Iterable[Demanded],
    proof: Callable[[int], Mapping[str, object]],
    recipient: str,
) -> tuple[str, int]:
    """Write the package, whole or not at all; gives its SHA-256 and how many recordings are in it.

    `plain` are JSON files by name; `proof` gives what proves an entry. What `opened` raises passes through. Raises StorageError.
    """
    made = _Made(files=[])
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_sealed(path, _blocks(made, facts=facts, plain=plain, opened=opened, proof=proof), recipients=[recipient])
    recordings = {one["recording"] for one in made.files if "recording" in one}
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), len(recordings)


def _blocks(
    made: _Made,
    *,
    facts: Mapping[str, object],
    plain: Mapping[str, object],
    opened: Iterable[Demanded],
    proof: Callable[[int], Mapping[str, object]],
) -> Generator[bytes, None, None]:
    pipe = ZipPipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED) as file:

        def put(name: str, data: bytes, **more: object) -> None:
            file.writestr(name, data)
            made.files.append({"file": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **more})

        for name, told in plain.items():
            put(name, _json(told))
            yield pipe.take()
        for one in opened:
            name, data = _file_of(one)
            put(name, data, recording=one.turn_id, **proof(one.position))
            yield pipe.take()
        file.writestr("manifest.json", _json({**facts, "files": made.files}))
    yield pipe.take()


def _file_of(one: Demanded) -> tuple[str, bytes]:
    if one.sound is not None:
        return f"sound/{one.turn_id}.wav", wav_header(len(one.sound), rate_hz=RATE_HZ) + one.sound
    assert one.words is not None
    turn = one.words.turn
    said = {"recording": one.turn_id, "heard": one.words.heard, "transcript": turn.transcript, "reply": turn.reply}
    return f"words/{one.turn_id}.json", _json(said)


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1).encode()
