"""Which wake words are listened for: those that the server named last, which a restart remembers. Loads their detector."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from earwitness.domain.errors import ModelError, SettingsError
from earwitness.satellite.disk import Disk
from earwitness.satellite.ear import WakeWordDetector
from earwitness.storage.durable import write_whole


class WakeChoice:
    """The choice in `file`; `default` counts until the server has named its own. `make` loads a detector and may block, `use` has
    it listen."""

    def __init__(
        self,
        file: Path,
        *,
        default: Sequence[str],
        make: Callable[[Sequence[str]], WakeWordDetector],
        use: Callable[[WakeWordDetector], None],
        disk: Disk,
        say: Callable[[str], None],
    ) -> None:
        self._file = file
        self._default = tuple(default)
        self._make = make
        self._use = use
        self._disk = disk
        self._say = say
        self._news = asyncio.Event()
        self.words: tuple[str, ...] = tuple(_kept(file)) or self._default

    def take(self, fields: Mapping[str, object]) -> None:
        """Listen for those of the server's settings from now on, and remember them."""
        written = json.dumps({name: fields[name] for name in ("name", "area", "wake_words")}).encode()
        self._disk.write(lambda: write_whole(self._file, [written], mode=0o600))
        words = fields["wake_words"]
        chosen = tuple(str(word) for word in words) if isinstance(words, list | tuple) else ()
        if chosen and chosen != self.words:
            self.words = chosen
            self._news.set()

    async def run(self) -> None:
        """Load what is chosen until cancelled; words that cannot be loaded leave those from before. Raises ModelError and
        SettingsError only at first."""
        used: tuple[str, ...] | None = None
        while True:
            wanted = self.words
            try:
                if wanted != used:
                    self._use(await asyncio.to_thread(self._make, wanted))
                    used = wanted
            except (ModelError, SettingsError) as error:
                if used is None and wanted == self._default:
                    raise
                self._say(error.sentence)
                self.words = used or self._default
                continue
            self._news.clear()
            if self.words == used:
                await self._news.wait()


def _kept(file: Path) -> list[str]:
    """The wake words that the server named last; none if it never did."""
    try:
        words = json.loads(file.read_text(encoding="utf-8"))["wake_words"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [str(word) for word in words][:2] if isinstance(words, list) else []
