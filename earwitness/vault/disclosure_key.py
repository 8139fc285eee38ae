"""The key that approves disclosures: its private half exists in three shares alone; two of them make it whole for one signature.

Shamir's scheme (A. Shamir, "How to Share a Secret", 1979) over GF(2^128), by the two halves of an Ed25519 seed. This machine
keeps the public half. Without an approval that it verifies, the door opens nothing for a demand. Calls block.
"""

import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import rfc8785
import sqlalchemy as sa
from Crypto.Protocol.SecretSharing import Shamir
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from earwitness.domain.errors import DemandError, ProofError
from earwitness.ledger.note import Note, Verifier, is_signed_by, parse_note, parse_verifier, sign, verifier_of
from earwitness.ledger.proof import entry_of
from earwitness.storage.database import Database
from earwitness.storage.demands import demand_keys
from earwitness.vault.ports import ProvingLedger

SHARES: Final = 3
NEEDED: Final = 2
ENTRY: Final = "demand.key"
_HALF: Final = 16
_PREFIX: Final = "earwitness-share-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A signed note whose text is one line of canonical JSON: which recordings, of which demand, to whom."""

    note: str

    def facts(self, verifier: Verifier) -> dict[str, Any]:
        """What was approved. Raises DemandError (demand.key) unless that key signed it."""
        try:
            note = parse_note(self.note)
            if is_signed_by(note, verifier):
                return entry_of(note.text.removesuffix("\n").encode())
        except ProofError as error:
            raise DemandError(f"That approval is none: {error.sentence}", code="demand.key") from error
        raise DemandError("That approval is not signed by the key that approves disclosures here.", code="demand.key")


class DisclosureKey:
    """The public half, and what is done with shares of the other one. The key in force is the one that the ledger named last:
    the table `demand_keys`, which this owns, only says where to begin to look, and is not trusted."""

    def __init__(self, database: Database, *, ledger: ProvingLedger) -> None:
        self._database = database
        self._ledger = ledger

    def make(self, *, now: datetime) -> tuple[str, tuple[str, ...]]:
        """Make a new key in place of any before; gives its verifier key and the three shares, which are kept nowhere here.

        Raises LedgerError, StorageError; then there is no new key, or one whose shares nobody knows, and another is made.
        """
        seed = secrets.token_bytes(2 * _HALF)
        verifier = verifier_of(
            f"earwitness.invalid/disclosure/{secrets.token_hex(8)}", Ed25519PrivateKey.from_private_bytes(seed)
        )
        halves = [Shamir.split(NEEDED, SHARES, seed[start : start + _HALF]) for start in (0, _HALF)]
        shares = tuple(_share(index, first + second) for (index, first), (_, second) in zip(*halves, strict=True))
        at, name = now.isoformat(timespec="seconds"), verifier.encoded()
        (position,) = self._ledger.append([{"v": 1, "kind": ENTRY, "verifier": name, "at": at}])
        with self._database.writing() as connection:
            connection.execute(sa.insert(demand_keys).values(verifier=name, made_at=now.timestamp(), position=position))
        return verifier.encoded(), shares

    def verifier(self) -> Verifier | None:
        """The public half, as the ledger proves it; None before one was made. Raises DemandError (demand.key), LedgerError."""
        query = sa.select(sa.func.max(demand_keys.c.position))
        with self._database.reading() as connection:
            known: int = connection.execute(query).scalar() or 0
        position = self._ledger.newest(ENTRY, since=known)
        if position is None and known:
            raise DemandError(
                "The ledger does not know the key that approves disclosures here: make a new one.", code="demand.key"
            )
        return None if position is None else parse_verifier(str(self._ledger.proof(position).entry()["verifier"]))

    def approve(self, facts: dict[str, Any], *, shares: Sequence[str]) -> Approval:
        """Sign with two shares, and forget them. Raises DemandError (demand.key, demand.shares)."""
        verifier = self._known()
        key = _joined(shares)
        if verifier_of(verifier.name, key) != verifier:
            raise DemandError("These shares are not of the key that approves disclosures here.", code="demand.shares")
        text = rfc8785.dumps(facts).decode() + "\n"
        return Approval(note=Note(text=text, signatures=(sign(text, name=verifier.name, key=key),)).encoded())

    def facts(self, approval: Approval) -> dict[str, Any]:
        """What an approval says, verified by the key of this house. Raises DemandError."""
        return approval.facts(self._known())

    def _known(self) -> Verifier:
        verifier = self.verifier()
        if verifier is None:
            raise DemandError(
                "There is no key that approves disclosures: `earwitness demands make-key` makes it.", code="demand.key"
            )
        return verifier


def _share(index: int, data: bytes) -> str:
    """A share as it is handed out; its last eight digits tell a slip of the pen from another key's share."""
    return f"{_PREFIX}-{index}-{data.hex()}-{binascii.crc32(data):08x}"


def _joined(shares: Sequence[str]) -> Ed25519PrivateKey:
    told = dict(_read(one) for one in shares)
    if len(told) != NEEDED:
        raise DemandError("Give two different shares of the key.", code="demand.shares")
    halves = (Shamir.combine([(index, data[start : start + _HALF]) for index, data in told.items()]) for start in (0, _HALF))
    return Ed25519PrivateKey.from_private_bytes(b"".join(halves))


def _read(share: str) -> tuple[int, bytes]:
    try:
        head, index, digits, check = share.strip().lower().rsplit("-", 3)
        data = bytes.fromhex(digits)
        if head != _PREFIX or len(data) != 2 * _HALF or f"{binascii.crc32(data):08x}" != check or not 1 <= int(index) <= SHARES:
            raise ValueError(head)
        return int(index), data
    except ValueError as error:
        raise DemandError("A share is not as it was handed out; look for a wrong letter.", code="demand.shares") from error
