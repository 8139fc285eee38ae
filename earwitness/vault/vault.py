"""The vault, put together: what the rest of the house may call. Everything behind it is this room's own business."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from earwitness.storage.database import Database
from earwitness.vault.blobs import Blobs
from earwitness.vault.disclosure_key import DisclosureKey
from earwitness.vault.door import Door
from earwitness.vault.erasing import Eraser
from earwitness.vault.grants import Grants
from earwitness.vault.holds import Holds
from earwitness.vault.household_key import KeyService, key_service
from earwitness.vault.keeping import Keeper
from earwitness.vault.key_ring import KeyRing, has_keys
from earwitness.vault.listens import Listens
from earwitness.vault.policy import Consents
from earwitness.vault.ports import ProvingLedger
from earwitness.vault.rows import Rows
from earwitness.vault.safe import Safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the vault's parts lie. A path is a file or a folder here; a text is a URL (PostgreSQL, S3)."""

    keys_folder: Path
    keys: Path | str
    recordings: Path | str
    key_service: str = "file"
    age_identity: Path | None = None


class Vault:
    """Keeper, door, eraser and the list of who listened, over one household."""

    def __init__(
        self,
        household: Database,
        *,
        places: Places,
        ledger: ProvingLedger,
        consents: Consents,
        clock: Callable[[], datetime],
    ) -> None:
        """Open the vault, making its keys at first. Raises StorageError, VaultError, SettingsError."""
        self._keys = Database(places.keys, chain="keys")
        try:
            ring = KeyRing(self._keys, _service(places, has_keys=has_keys(self._keys)))
            blobs = Blobs(places.recordings)
        except BaseException:
            self._keys.close()
            raise
        rows = Rows(household, key_id_of=ring.person_key_id)
        self.listens = Listens(household, clock=clock)
        self.holds = Holds(household, alive=ring.alive)
        self.disclosure_key = DisclosureKey(household, ledger=ledger)
        self.safe = Safe(ring, clock=clock)
        self.rows = rows
        self.blobs = blobs
        self.keeper = Keeper(rows=rows, ring=ring, blobs=blobs, ledger=ledger, clock=clock)
        self.door = Door(
            rows=rows,
            ring=ring,
            blobs=blobs,
            ledger=ledger,
            listens=self.listens,
            consents=consents,
            approves=self.disclosure_key.facts,
            grants=Grants(household, clock=clock),
            clock=clock,
        )
        self.eraser = Eraser(
            rows=rows,
            ring=ring,
            blobs=blobs,
            ledger=ledger,
            listens=self.listens,
            keeper=self.keeper,
            holds=self.holds,
            clock=clock,
        )

    def close(self) -> None:
        """Close the keys' database."""
        self._keys.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _service(places: Places, *, has_keys: bool) -> KeyService:
    """A household key is made only while nothing is wrapped by one: a lost key is not replaced by another."""
    return key_service(places.key_service, folder=places.keys_folder, identity=places.age_identity, may_make=not has_keys)
