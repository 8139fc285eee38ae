"""What was said before in conversations that come over many connections, for a few minutes: a question that waits for its
answer, and what is left to tell. In memory alone; no words of it are logged."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from earwitness.domain.intent import Context

KEPT_SECONDS: Final = 300.0
"""As long as Home Assistant keeps a conversation."""
MOST: Final = 64


class SaidBefore:
    """By the peer's address and its name for the conversation: nobody goes on with another peer's."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Context]] = OrderedDict()

    def find(self, peer: str, name: str) -> Context | None:
        """What the next request of that conversation leans on; None for a new or a forgotten one."""
        found = self._kept.get((peer, name))
        return None if found is None or self._clock() - found[0] >= KEPT_SECONDS else found[1]

    def keep(self, peer: str, name: str, context: Context) -> None:
        """Remember it; beyond MOST the one that was silent for longest is forgotten."""
        now = self._clock()
        self._kept[peer, name] = (now, context)
        self._kept.move_to_end((peer, name))
        while len(self._kept) > MOST or now - next(iter(self._kept.values()))[0] >= KEPT_SECONDS:
            self._kept.popitem(last=False)
