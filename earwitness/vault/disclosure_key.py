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

SHARES: Final = 3
NEEDED: Final = 2
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
    """The public half, and what is done with shares of the other one. Owns the table `demand_keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, *, now: datetime) -> tuple[str, tuple[str, ...]]:
        """Make a new key in place of any before; gives its verifier key and the three shares, which are kept nowhere here."""
        seed = secrets.token_bytes(2 * _HALF)
        verifier = verifier_of(
            f"earwitness.invalid/disclosure/{secrets.token_hex(8)}", Ed25519PrivateKey.from_private_bytes(seed)
        )
        halves = [Shamir.split(NEEDED, SHARES, seed[start : start + _HALF]) for start in (0, _HALF)]
        shares = tuple(_share(index, first + second) for (index, first), (_, second) in zip(*halves, strict=True))
        with self._database.writing() as connection:
            connection.execute(sa.insert(demand_keys).values(verifier=verifier.encoded(), made_at=now.timestamp()))
        return verifier.encoded(), shares

    def verifier(self) -> Verifier | None:
        """The public half; None before one was made."""
        query = sa.select(demand_keys.c.verifier).order_by(demand_keys.c.made_at.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else parse_verifier(found)

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
            raise DemandError("There is no key that approves disclosures: `earwitness demands key` makes it.", code="demand.key")
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
