"""Keeping a turn: sealed, on the disk and in the ledger before it is said to be kept; else nothing of it stays.

The row is written first and seen last, so that whatever was begun can be found and removed after a power cut. Calls block.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeping, Keeps
from earwitness.domain.errors import EarwitnessError, VaultError
from earwitness.domain.recording import Spoken
from earwitness.vault import sealing
from earwitness.vault.blobs import Blobs, check_name
from earwitness.vault.envelope import new_key, seal_audio, seal_text
from earwitness.vault.key_ring import KeyRing, PersonKey
from earwitness.vault.ports import Ledger
from earwitness.vault.rows import Row, Rows
from earwitness.vault.search import terms

ABANDONED_AFTER: Final = timedelta(minutes=10)
"""No keeping takes this long: what is still unconfirmed then was broken off."""


class Keeper:
    """Keeps turns. `clock` gives aware datetimes."""

    def __init__(self, *, rows: Rows, ring: KeyRing, blobs: Blobs, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._rows = rows
        self._ring = ring
        self._blobs = blobs
        self._ledger = ledger
        self._clock = clock

    def keep(self, spoken: Spoken, sound: Pcm | None, *, keeping: Keeping) -> Keeps:
        """Keep a turn as far as `keeping` allows; says whether the sound is kept too. It is durable when this returns.

        Raises StorageError, LedgerError or VaultError; then nothing is kept.
        """
        turn_id = spoken.turn.turn_id
        data = sound.data if sound is not None and keeping.keeps is Keeps.AUDIO else b""
        check_name(turn_id)
        key, now = new_key(), self._clock()
        parent = self._ring.person_key(spoken.person_id, now=now)
        self._begin(spoken, data, key=key, parent=parent, keeping=keeping)
        try:
            self._finish(turn_id, data, key=key, parent=parent, now=now)
        except EarwitnessError:
            with contextlib.suppress(EarwitnessError):  # upkeep removes the rest later
                self.drop([turn_id])
            raise
        return Keeps.AUDIO if data else Keeps.TEXT

    def drop(self, turn_ids: list[str]) -> None:
        """Remove what was begun and will not be kept: keys first. Raises StorageError."""
        if not turn_ids:
            return
        self._ring.forget(turn_ids)
        self._blobs.remove_all(turn_ids)
        self._rows.remove(turn_ids)

    def drop_abandoned(self) -> int:
        """Remove what was being kept when the power went; gives how many. Raises StorageError."""
        found = self._rows.unconfirmed(before=self._clock() - ABANDONED_AFTER)
        self.drop(found)
        return len(found)

    def _begin(self, spoken: Spoken, data: bytes, *, key: bytes, parent: PersonKey, keeping: Keeping) -> None:
        facts, turn_id = sealing.packed(spoken), spoken.turn.turn_id
        row = Row(
            number=0,
            turn_id=turn_id,
            person_id=spoken.person_id,
            began_at=spoken.began_at,
            expires_at=spoken.began_at + timedelta(seconds=keeping.retention_seconds),
            audio_seconds=Pcm(data=data).seconds,
            audio_bytes=len(data),
            is_restricted=False,
            revision=1,
            sealed=seal_text(sealing.to_bytes(facts), key=key, row_id=turn_id, revision=1),
        )
        found_by = terms(sealing.searchable(facts), key=parent.search_key())
        self._rows.begin(row, person_key_id=parent.key_id, found_by=found_by)

    def _finish(self, turn_id: str, data: bytes, *, key: bytes, parent: PersonKey, now: datetime) -> None:
        if data:
            self._blobs.put(turn_id, seal_audio(data, key=key, row_id=turn_id))
        self._ring.add(key, turn_id=turn_id, parent=parent, now=now)
        entry = {"v": 1, "kind": "kept", "recording": turn_id, "audio": bool(data), "day": now.date().isoformat()}
        (position,) = self._ledger.append([entry])
        if not self._rows.confirm(turn_id, position=position):
            raise VaultError("This turn was deleted while it was being kept.", code="vault.not_kept")
