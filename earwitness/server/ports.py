"""What a session needs from the assistant, and what the assistant may do to a device. Protocols that belong to the server.

`turn/runner.py` stands behind Conversation, `build/` behind Assistant; the session in this package is the Device.
Messages are described in docs/protocol.md.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Literal, Protocol

from earwitness.domain.account import Scope
from earwitness.domain.alert import AwayReport
from earwitness.domain.audio import Pcm
from earwitness.domain.board import Board
from earwitness.protocol.session_messages import MusicReport, Wake
from earwitness.server.channel import Ending


class Device(Protocol):
    """One microphone and speaker at the far end of a session, as a conversation sees it."""

    async def tell(self, message: dict[str, object]) -> None:
        """Send one server message of docs/protocol.md. Never waits for the network.

        Raises WireError if the message is not one that the protocol knows, ConnectionError if the device is gone.
        """
        ...

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        """Send sound of a speech that a `speech` message announced, at the rate announced there; cuts it into frames.

        Waits while the device is slow; raises ConnectionError when it stays slow or is gone.
        """
        ...


class Conversation(Protocol):
    """One device's session with the assistant."""

    accept_call: Callable[[str], object]
    leave_call: Callable[[str], object]
    """Called with the call when somebody at this device takes it, or declines it or hangs up."""

    async def run(self) -> None:
        """Serve the session until cancelled."""
        ...

    async def hear(self, pcm: bytes) -> None:
        """Take one chunk of 16 kHz mono int16. Must return at once: a full queue drops the oldest sound and says so."""
        ...

    async def wake(self, word: str) -> None:
        """A satellite's own wake word, for which it was chosen to answer."""
        ...

    async def press(self) -> None:
        """The talk button went down: begin a request, stopping any reply."""
        ...

    async def release(self) -> None:
        """The talk button was let go (or pressed again): the request is over."""
        ...

    async def stop(self) -> None:
        """Stop whatever goes on: listening, a reply, an alert."""
        ...

    async def mute(self) -> None: ...

    async def unmute(self) -> None: ...

    async def ask(self, text: str) -> None:
        """A typed request."""
        ...

    async def cue_done(self, cue: str) -> None:
        """The device confirms that the cue was heard and its light is on."""
        ...

    async def playback(self, speech_id: int, *, state: Literal["started", "finished"]) -> None:
        """The device began to play a speech, or has played (or dropped) all of it."""
        ...

    def notice(self, text: str, *, is_aloud: bool) -> None:
        """There is news for the person here: show it, and say it if nothing else goes on."""
        ...

    async def announce(self, text: str) -> bool:
        """Say something to whoever is there, once nothing else goes on; True when the device confirmed that it began to play.

        Never ends if the device does not confirm: the caller says how long it waits.
        """
        ...

    def move(self, area: str | None) -> None:
        """The device stands in another room from now on."""
        ...

    def call(self, call_id: str, text: str) -> None:
        """Another satellite calls: ring until `end_call`, or until somebody here accepts or declines."""
        ...

    def open_call(self, call_id: str) -> None:
        """The two can talk: a press, "stop" or "hang up" ends it from now on."""
        ...

    def end_call(self, call_id: str) -> None:
        """The call is over, whoever ended it."""
        ...

    @property
    def was_in_mid_word(self) -> bool:
        """Whether the device went away while its sound was captured. Known once `run` has ended."""
        ...

    def choose_voice(self, name: str, *, speed: float) -> None:
        """Speak with this voice from the next reply on. Raises VoiceError for an unknown voice."""
        ...

    def volume_is(self, percent: int) -> None:
        """The device says how loud it plays now."""
        ...


class Assistant(Protocol):
    """What the server needs of the assistant beyond one conversation."""

    def converse(
        self,
        device: Device,
        *,
        is_hands_free: bool,
        area: str | None,
        person_id: str | None,
        device_id: str | None = None,
        page_id: str | None = None,
        scopes: frozenset[Scope] | None = None,
    ) -> Conversation:
        """A new conversation. Hands-free ones listen for the wake word in the sound they are given.

        `person_id` is who speaks, if that is known; `device_id` is the satellite, None for a page; `page_id` is where calls reach
        a page; `scopes` are what a token may with which a program speaks for that person.
        """
        ...

    def board(self) -> Board:
        """The home, timers and lists as they are now. Cheap; called on the event loop."""
        ...

    def subscribe_board(self, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call `on_change` on the event loop after each change of the board; returns how to unsubscribe."""
        ...


class Reached(Protocol):
    """A session as those see it who reach its device from elsewhere in the house."""

    @property
    def conversation(self) -> Conversation | None: ...

    @property
    def is_muted(self) -> bool: ...

    @property
    def has_sounds(self) -> bool:
        """Of a satellite: whether it keeps the sounds of alarms, and lets them begin softly."""
        ...

    @property
    def has_music(self) -> bool:
        """Of a satellite: whether it plays music beside all else."""
        ...

    @property
    def has_second_look(self) -> bool:
        """Of a satellite: whether it can look a second time at the wake words that it finds."""
        ...

    async def tell(self, message: dict[str, object]) -> None:
        """Queue one server message. Raises WireError, ConnectionError."""
        ...

    def tell_now(self, message: dict[str, object]) -> None:
        """The same, where nothing may wait. Raises WireError, ConnectionError."""
        ...

    def play(self, track_id: int, pcm: Pcm) -> bool:
        """Queue sound of a track of music that was announced, behind all else; False if too much of it waits."""
        ...

    def end_music(self, track_id: int) -> bool:
        """Say behind its sound that no more of a track comes; False if too much waits."""
        ...

    async def speak(self, speech_id: int, pcm: Pcm) -> None:
        """Queue sound of a speech or phrase that was announced. Raises ConnectionError."""
        ...

    def relay(self, chunk: bytes) -> None:
        """Queue what another microphone hears in a call."""
        ...

    def end(self, ending: Ending) -> None:
        """End the session now and tell the device why."""
        ...


class CallSeat(Protocol):
    """A place from which a page or satellite can call and be called."""

    @property
    def is_in_call(self) -> bool:
        """Whether a call is open here."""
        ...

    def joined(self, session: Reached) -> None:
        """The session has said hello and can be spoken to."""
        ...

    def left(self, session: Reached) -> None:
        """The session is over."""
        ...

    def relay(self, chunk: bytes) -> None:
        """Pass sound on to the other end of the open call."""
        ...


class PageCalls(CallSeat, Protocol):
    """A page's place in calls."""

    @property
    def end_id(self) -> str: ...


class Presence(CallSeat, Protocol):
    """One satellite's place among the others: what its session tells and asks the rest of the house."""

    @property
    def device_id(self) -> str: ...

    def muted(self, is_on: bool) -> None: ...

    async def answers(self, wake: Wake) -> bool:
        """Whether this satellite answers the wake word, and not another one that heard it too."""
        ...

    async def rung(self, reports: Sequence[AwayReport]) -> Collection[str]:
        """What it did with its alarms on its own, now on the disk; gives those that must not ring there. Raises StorageError."""
        ...

    def keeps_sounds(self, digests: Sequence[str]) -> None:
        """It has these sounds of alarms whole on its disk."""
        ...

    def sound_digest(self, reference: str) -> str | None:
        """What it knows a sound of alarms by; None: it rings with its own tone."""
        ...

    def music(self, report: MusicReport) -> None:
        """How it stands with its music."""
        ...
