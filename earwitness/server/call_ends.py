"""Satellites and pages as ends of calls: what a session is told and does when it rings, when two talk, and when it is over."""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from earwitness.server.calls import End
from earwitness.server.ports import Reached

Spawn = Callable[[Coroutine[None, None, object]], None]


@dataclass(slots=True, kw_only=True)
class SessionEnd:
    """One satellite or page (server.calls.End). `spawn` starts what takes a moment, `say` speaks a sentence there; `kind` is what
    the device is called when it is muted."""

    end_id: str
    session: Reached
    named: Callable[[], str]
    placed: Callable[[], str]
    muted: Callable[[], bool]
    say: Callable[[str], Coroutine[None, None, object]]
    spawn: Spawn
    kind: str = "satellite"

    @property
    def name(self) -> str:
        return self.named()

    @property
    def place(self) -> str:
        return self.placed()

    @property
    def is_muted(self) -> bool:
        return self.muted()

    def called(self, call_id: str, *, peer: End) -> None:
        self._show("ringing", peer.name)
        if (conversation := self.session.conversation) is not None:
            muted = f" This {self.kind} is muted: unmute it first." if self.is_muted else ""
            conversation.call(call_id, f"A call from {peer.place}.{muted}")

    def calling(self, call_id: str, *, peer: End) -> None:
        self._show("ringing", peer.name)

    def opened(self, call_id: str, *, peer: End) -> None:
        self._show("open", peer.name)
        if (conversation := self.session.conversation) is not None:
            conversation.open_call(call_id)

    def over(self, call_id: str) -> None:
        self._show("ended", "")
        if (conversation := self.session.conversation) is not None:
            conversation.end_call(call_id)

    def relay(self, chunk: bytes) -> None:
        self.session.relay(chunk)

    def tell(self, sentence: str) -> None:
        self.spawn(self.say(sentence))

    def _show(self, state: str, peer: str) -> None:
        self.spawn(_told(self.session, {"type": "intercom", "state": state, "peer": peer}))


async def _told(session: Reached, message: dict[str, object]) -> None:
    with contextlib.suppress(ConnectionError):
        await session.tell(message)
