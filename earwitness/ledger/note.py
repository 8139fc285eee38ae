"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature), read strictly. Pure.

A note is a text, an empty line and signature lines; a checkpoint is a note whose text is origin, size and root. A line that is
not exactly as it would be written is an error, so that a changed byte never passes as another spelling of the same.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from earwitness.domain.errors import ProofError
from earwitness.ledger.tree import HASH_BYTES

ED25519: Final = 1
COSIGNATURE: Final = 4
MOST_BYTES: Final = 64 * 1024
MOST_SIGNATURES: Final = 64
MOST_SIZE: Final = 2**63 - 1
MOST_TIME: Final = 2**63 - 1
_DASH: Final = "\u2014"
_NAME: Final = re.compile(r"[^\s+\x00-\x20]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A public key by name: `kind` is ED25519 for a log's signature, COSIGNATURE for a witness's."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key).digest()[:4]

    def encoded(self) -> str:
        """The verifier key as it is handed out: name, key id and key, joined by plus signs."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.kind]) + self.public_key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line, not verified yet; `data` follows the key id."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        """The line, with its line feed."""
        return f"{_DASH} {self.name} {_base64(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text, which ends with a line feed, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def encoded(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head: which log, how many entries, the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text of the checkpoint's note."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def parse_verifier(text: str) -> Verifier:
    """A verifier key as it is handed out. Raises ProofError."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not _is_text(text) or not _NAME.fullmatch(parts[0]):
        raise ProofError("That is no verifier key; it looks like name+12345678+AbCd…", code="proof.unreadable")
    data = unbase64(parts[2], what="verifier key")
    if len(data) != 33 or data[0] not in (ED25519, COSIGNATURE):
        raise ProofError("That verifier key is of a kind that is not known here.", code="proof.unreadable")
    found = Verifier(name=parts[0], kind=data[0], public_key=data[1:])
    if found.key_id.hex() != parts[1]:
        raise ProofError("That verifier key is damaged: its id does not fit.", code="proof.unreadable")
    return found


def parse_note(text: str) -> Note:
    """A note. Raises ProofError for anything that is not exactly one."""
    if not _is_text(text):
        raise ProofError("A note is at most 64 KiB of UTF-8.", code="proof.unreadable")
    body, separator, lines = text.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise ProofError("That is no signed note.", code="proof.unreadable")
    signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MOST_SIGNATURES:
        raise ProofError("A note has at most 64 signatures.", code="proof.unreadable")
    return Note(text=body + "\n", signatures=signatures)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Raises ProofError; lines after the root are refused, since this log writes none."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise ProofError("That note is no checkpoint of a ledger.", code="proof.unreadable")
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1], re.ASCII) or int(lines[1]) > MOST_SIZE:
        raise ProofError("That checkpoint has no size.", code="proof.unreadable")
    root = unbase64(lines[2], what="root")
    if len(root) != HASH_BYTES:
        raise ProofError("That checkpoint has no root.", code="proof.unreadable")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def sign(text: str, *, name: str, key: Ed25519PrivateKey) -> Signature:
    """A log's signature over a note's text."""
    return Signature(name=name, key_id=_verifier(name, key, ED25519).key_id, data=key.sign(text.encode()))


def cosign(text: str, *, name: str, key: Ed25519PrivateKey, time: int) -> Signature:
    """A witness's signature over a checkpoint's text and the moment, in seconds since 1970, at which it saw it."""
    data = struct.pack(">Q", time) + key.sign(_cosigned(text, time))
    return Signature(name=name, key_id=_verifier(name, key, COSIGNATURE).key_id, data=data)


def verifier_of(name: str, key: Ed25519PrivateKey, *, kind: int = ED25519) -> Verifier:
    """The public side of a signing key."""
    if not _NAME.fullmatch(name):
        raise ProofError("A key's name has no spaces and no plus signs.", code="proof.unreadable")
    return _verifier(name, key, kind)


def is_signed_by(note: Note, verifier: Verifier) -> bool:
    """Whether one of the note's signatures is that key's and right. Raises ProofError for one that is that key's and wrong."""
    signature = _signature_of(note, verifier)
    if signature is not None:
        _check(note.text, signature, verifier)
    return signature is not None


def seen_at(note: Note, witness: Verifier) -> int | None:
    """When a witness signed the note, in seconds since 1970; None if it did not. Raises ProofError as `is_signed_by`."""
    signature = _signature_of(note, witness)
    if signature is None or witness.kind != COSIGNATURE:
        return None
    _check(note.text, signature, witness)
    return int.from_bytes(signature.data[:8], "big")


def verify(note: Note, *, log: Verifier, witnesses: Sequence[Verifier] = (), is_strict: bool = False) -> Checkpoint:
    """The checkpoint of a note that the log signed. Raises ProofError for a missing or wrong signature.

    A signature line whose key is not known says nothing and is passed over; `is_strict` refuses it, so that every byte counts.
    """
    if log.kind != ED25519 or any(witness.kind != COSIGNATURE for witness in witnesses):
        raise ProofError("A ledger's key was given for a witness's, or a witness's for a ledger's.", code="proof.unreadable")
    if not is_signed_by(note, log):
        raise ProofError("The checkpoint is not signed by that key: it is another ledger's, or was changed.")
    for witness in witnesses:
        is_signed_by(note, witness)
    known = {(one.name, one.key_id) for one in (log, *witnesses)}
    strangers = [one.name for one in note.signatures if (one.name, one.key_id) not in known]
    if is_strict and strangers:
        raise ProofError(f"The checkpoint has a signature of {strangers[0]}, whose key was not given, so it was not checked.")
    if len({(one.name, one.key_id) for one in note.signatures}) != len(note.signatures):
        raise ProofError("The checkpoint is signed twice by one key.")
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != log.name:
        raise ProofError(f"The checkpoint is of the ledger {checkpoint.origin}, not of {log.name}.")
    return checkpoint


def _check(text: str, signature: Signature, verifier: Verifier) -> None:
    data, signed = signature.data, text.encode()
    if verifier.kind == COSIGNATURE:
        if len(data) != 72 or int.from_bytes(data[:8], "big") > MOST_TIME:
            raise ProofError("A witness's signature has the wrong length or an impossible time.")
        signed, data = _cosigned(text, struct.unpack(">Q", data[:8])[0]), data[8:]
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(data, signed)
    except (InvalidSignature, ValueError) as error:
        raise ProofError(f"The signature of {verifier.name} is wrong: the checkpoint was changed.") from error


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _verifier(name: str, key: Ed25519PrivateKey, kind: int) -> Verifier:
    return Verifier(name=name, kind=kind, public_key=key.public_key().public_bytes_raw())


def _signature_of(note: Note, verifier: Verifier) -> Signature | None:
    key = (verifier.name, verifier.key_id)
    return next((one for one in note.signatures if (one.name, one.key_id) == key), None)


def _is_text(text: str) -> bool:
    """Whether it is not too long, and without lone surrogates, which no bytes of UTF-8 stand for."""
    try:
        return len(text.encode()) <= MOST_BYTES
    except UnicodeEncodeError:
        return False


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH or not _NAME.fullmatch(parts[1]):
        raise ProofError("A signature line of that note is damaged.", code="proof.unreadable")
    data = unbase64(parts[2], what="signature")
    if len(data) < 5:
        raise ProofError("A signature of that note is too short.", code="proof.unreadable")
    return Signature(name=parts[1], key_id=data[:4], data=data[4:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unbase64(text: str, *, what: str) -> bytes:
    """The bytes of base64 exactly as it would be written: bits that would be dropped are an error. Raises ProofError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError(f"That {what} is damaged.", code="proof.unreadable") from error
    if _base64(data) != text:
        raise ProofError(f"That {what} is damaged.", code="proof.unreadable")
    return data
