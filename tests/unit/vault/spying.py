"""Watches what is decrypted and what is committed, in the order in which it happens. Everything really is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from earwitness.vault import door, envelope, key_ring
from tests.unit.vault.setting import Setting


class Spy:
    """`seen` holds "key", "text" and "audio" for each that was opened, and the kind of each entry of the ledger."""

    def __init__(self, setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        setting.ledger.on_append = lambda entry: self.seen.append(entry["kind"])
        monkeypatch.setattr(door, "open_text", self._noting("text", envelope.open_text))
        monkeypatch.setattr(key_ring, "unwrap_key", self._noting("key", envelope.unwrap_key))
        monkeypatch.setattr(door, "open_audio", self._noting_parts(envelope.open_audio))

    def opened(self) -> list[str]:
        """What was opened so far, without the ledger's entries."""
        return [one for one in self.seen if one in ("key", "text", "audio")]

    def _noting(self, what: str, call: Callable[..., bytes]) -> Callable[..., bytes]:
        def noting(*given: Any, **more: Any) -> bytes:
            self.seen.append(what)
            return call(*given, **more)

        return noting

    def _noting_parts(self, call: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
        def noting(*given: Any, **more: Any) -> Iterator[bytes]:
            for part in call(*given, **more):
                self.seen.append("audio")
                yield part

        return noting
