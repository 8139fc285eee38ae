"""Telephones over SIP, by a process of its own (sip_process) that is ended when it hangs.

Owns that process and what is known of the line and of each call; what the process says is checked like a stranger's. It places
no call by itself, keeps nothing of one, and knows no contacts: who calls is an address.
"""

import asyncio
import contextlib
import logging
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from earwitness.domain.call import CallEnd, LineState
from earwitness.domain.errors import LinkError, SettingsError, WireError
from earwitness.links import sip_wire as wire
from earwitness.links.link_kind import Report
from earwitness.links.together import together
from earwitness.telemetry import log

PING_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 5.0
"""A process that has not answered for so long hangs, and is killed."""
CLOSE_SECONDS: Final = 2.0
BEGINS_SECONDS: Final = 15.0
"""How long it may take until a call that we place rings; the way through several networks takes its time."""
RINGS_SECONDS: Final = 60.0
"""How long it may ring then."""
MOST_UNREAD_BYTES: Final = 64 * 1024
_KEPT_OF_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH")
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,40}")
_USER: Final = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,64}")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}(?::[0-9]{1,5})?")
_logger = logging.getLogger(__name__)


class Listener(Protocol):
    """Who learns what becomes of calls, by line and number. Called on the event loop; must return at once."""

    def on_incoming(self, line: "SipLine", number: int, *, address: str) -> None:
        """Somebody calls; `address` is how they say they are reached, which nothing proves."""
        ...

    def on_ringing(self, line: "SipLine", number: int) -> None: ...

    def on_open(self, line: "SipLine", number: int) -> None: ...

    def on_ended(self, line: "SipLine", number: int, *, how: CallEnd) -> None: ...

    def on_sound(self, line: "SipLine", number: int, chunk: bytes) -> None:
        """What the other side says: int16 [samples], 16 kHz mono."""
        ...


def number_of(address: str) -> str:
    """The number, or the name with its server, out of a SIP address, as a person reads it; empty for what is none."""
    bare = address.strip().removeprefix("sips:").removeprefix("sip:").partition(";")[0]
    user, _, host = bare.partition("@")
    if _NUMBER.fullmatch(user):
        return user
    return bare if _USER.fullmatch(user) and _HOST.fullmatch(host) else ""


def address_of(number: str, *, server: str) -> str:
    """The SIP address of a telephone number at a server, or of a name with its own. Raises LinkError (link.refused)."""
    bare = re.sub(r"[\s().\-/]", "", number) if "@" not in number else number.strip()
    if _NUMBER.fullmatch(bare):
        return f"sip:{bare.replace('#', '%23')}@{server}"
    bare = bare.removeprefix("sip:")
    user, _, host = bare.partition("@")
    if _USER.fullmatch(user) and _HOST.fullmatch(host) and len(bare) < wire.LONGEST_ADDRESS - 4:
        return f"sip:{bare}"
    raise LinkError("That is no telephone number and no SIP address.", code="link.refused")


def checked_account(account: wire.SipAccount) -> wire.SipAccount:
    """The account, if calls can be made with it. Raises SettingsError, which says what to change."""
    if not _HOST.fullmatch(account.server):
        raise SettingsError("The telephone server is a name or an address, with a port if needed: sip.example.org:5061.")
    if account.transport not in wire.TRANSPORTS:
        raise SettingsError(f"A telephone server is reached by one of {', '.join(wire.TRANSPORTS)}.")
    if not _USER.fullmatch(account.user) or ";" in account.user or "?" in account.user:
        raise SettingsError("The user of the telephone account holds characters that none can have.")
    if not account.password.isprintable() or any(one in account.password for one in '"\\'):
        raise SettingsError("The password of the telephone account may hold no quotation marks and no backslashes.")
    if not all(one.isalnum() or one in "@._+-" for one in account.sign_in) or len(account.sign_in) > 128:
        raise SettingsError("The name to sign in with at the telephone server holds characters that none can have.")
    if any(ord(one) <= 32 for one in account.ca_file):
        raise SettingsError("The file of certificates for the telephone server has a name with a space; rename it.")
    if account.encrypts_sound and account.transport != "tls":
        raise SettingsError("Sound can be encrypted only where the keys travel by TLS; set the transport to tls.")
    return replace(account, silence_seconds=max(5, min(account.silence_seconds, 600)))


class SipLine:
    """One account (links.link_kind.Link). Used from one event loop; it calls while `run` runs and the state is READY."""

    def __init__(
        self,
        account: wire.SipAccount,
        *,
        listener: Listener,
        link_id: str = "",
        command: Sequence[str] | None = None,
    ) -> None:
        self._account = checked_account(account)
        self._listener = listener
        self.link_id = link_id
        self._command = command or (sys.executable, "-m", "earwitness.links.sip_process")
        self._state = LineState.STARTING
        self._changed = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._report: Report | None = None
        self._calls: dict[int, asyncio.TimerHandle | None] = {}
        self._ringing: set[int] = set()
        """Those that we placed and that ring there."""
        self._last_placed = -1
        self._unanswered = 0

    @property
    def state(self) -> LineState:
        """Whether calls can be placed and taken, as was last seen."""
        return self._state

    @property
    def process_id(self) -> int | None:
        """The process that telephones now; None while there is none."""
        return None if self._process is None else self._process.pid

    async def run(self, report: Report) -> None:
        """Sign in, and telephone until cancelled. Whatever ends it, every call is told as over. Raises LinkError."""
        self._state = LineState.STARTING
        self._report = report
        try:
            async with together() as group:
                group.create_task(self._run())
                group.create_task(self._until_useless(report))
        finally:
            self._report = None
            self._state = LineState.STARTING
            for call in tuple(self._calls):
                self._end(call, CallEnd.LOST)

    async def check(self) -> None:
        """Whether the line is ready; the account is confirmed anew every half minute. Raises LinkError."""
        self._check_line()

    # Calls

    def place(self, number: str) -> int:
        """Begin to call a telephone number or a SIP address; gives the call's own number, by which it is told what becomes of it.

        Raises LinkError: link.refused for what is no number; link.unreachable, link.secret, link.not_safe while the line is not
        ready.
        """
        address = address_of(number, server=self._account.server)
        self._check_line()
        if self._report is not None:
            self._report.used()
        self._last_placed = (self._last_placed + 2) % wire.MOST_CALLS
        call = self._last_placed
        loop = asyncio.get_running_loop()
        self._calls[call] = loop.call_later(BEGINS_SECONDS, self._give_up, call, CallEnd.UNREACHABLE)
        self._say(wire.message({"do": "call", "call": call, "to": address}))
        return call

    def answer(self, call: int) -> None:
        """Take a call that comes in; it is open once that is told."""
        if call in self._calls:
            self._say(wire.message({"do": "answer", "call": call}))

    def hang_up(self, call: int) -> None:
        """End a call, whatever its state; it is over here at once."""
        if call in self._calls:
            self._say(wire.message({"do": "hang_up", "call": call}))
            self._end(call, CallEnd.HERE)

    def refuse(self, call: int) -> None:
        """Say to a call that comes in that the line is busy."""
        if call in self._calls:
            self._say(wire.message({"do": "busy", "call": call}))
            self._end(call, CallEnd.HERE)

    def speak(self, call: int, chunk: bytes) -> None:
        """Sound of the house into an open call: int16 [samples], 16 kHz mono. Dropped if it cannot be passed on at once."""
        process = self._process
        if call not in self._calls or process is None or process.stdin is None or process.stdin.is_closing():
            return
        if process.stdin.transport.get_write_buffer_size() <= MOST_UNREAD_BYTES:
            for start in range(0, len(chunk), wire.LONGEST_SOUND):
                process.stdin.write(wire.sound(call, chunk[start : start + wire.LONGEST_SOUND]))

    def _check_line(self) -> None:
        match self._state:
            case LineState.READY:
                return
            case LineState.PASSWORD:
                raise LinkError("The telephone server refuses the user or the password.", code="link.secret")
            case LineState.NOT_SAFE:
                raise LinkError("The telephone server cannot show a certificate that this machine trusts.", code="link.not_safe")
            case _:
                raise LinkError("The telephone server cannot be reached.", code="link.unreachable")

    def _give_up(self, call: int, how: CallEnd) -> None:
        if call in self._calls:
            self._say(wire.message({"do": "hang_up", "call": call}))
            self._end(call, how)

    def _end(self, call: int, how: CallEnd) -> None:
        if call not in self._calls:
            return
        clock = self._calls.pop(call)
        self._ringing.discard(call)
        if clock is not None:
            clock.cancel()
        self._changed.set()
        self._listener.on_ended(self, call, how=how)

    # The process

    async def _until_useless(self, report: Report) -> None:
        """Say that it works once it does. Raises LinkError when the line is no good any more and no call goes on by it."""
        while True:
            self._changed.clear()
            if self._state is LineState.READY:
                report.works()
            elif self._state is not LineState.STARTING and not self._calls:
                self._check_line()
            await self._changed.wait()

    async def _run(self) -> None:
        """The life of the process. Raises LinkError at its end."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env={name: os.environ[name] for name in _KEPT_OF_ENVIRONMENT if name in os.environ},
            )
        except OSError as error:
            raise LinkError("The process that telephones cannot be started.") from error
        self._process, self._unanswered = process, 0
        watching = asyncio.create_task(self._watch(process))
        try:
            self._say(wire.message({"do": "open", "account": wire.account_values(self._account)}))
            await self._read(process)
        except (WireError, OSError):
            log(_logger, "telephone.nonsense", level=logging.WARNING)
        finally:
            watching.cancel()
            self._process = None
            await _ended(process)
        if process.returncode == wire.NOT_INSTALLED:
            raise LinkError("Calls need baresip: pip install 'earwitness[calls]'.", code="link.not_installed")
        log(_logger, "telephone.ended", level=logging.WARNING, code=process.returncode)
        raise LinkError("The process that telephones has ended; it is started again.")

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill a process that does not answer."""
        while self._unanswered * PING_SECONDS < SILENT_SECONDS:
            self._unanswered += 1
            self._say(wire.message({"do": "ping"}))
            await asyncio.sleep(PING_SECONDS)
        log(_logger, "telephone.hangs", level=logging.WARNING)
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        reader = wire.Reader()
        while data := await process.stdout.read(64 * 1024):
            for frame in reader.read(data):
                if isinstance(frame, wire.Sound):
                    if frame.call in self._calls:
                        self._listener.on_sound(self, frame.call, frame.chunk)
                else:
                    self._note(frame)

    def _say(self, frame: bytes) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(frame)

    def _note(self, message: dict[str, Any]) -> None:
        match message:
            case {"is": "pong"}:
                self._unanswered = 0
            case {"is": "line", "state": str(state)} if state in tuple(LineState):
                self._become(LineState(state))
            case {"is": "incoming", "call": int(call), "from": str(address)} if call % 2 == 0 and call not in self._calls:
                self._come_in(call, address[: wire.LONGEST_ADDRESS])
            case {"is": "ringing", "call": int(call)}:
                self._ring(call)
            case {"is": "open", "call": int(call)}:
                self._open(call)
            case {"is": "ended", "call": int(call), "how": str(how)} if how in tuple(CallEnd):
                self._end(call, CallEnd(how))
            case _:
                raise WireError("The process that telephones says what it cannot.")

    def _come_in(self, call: int, address: str) -> None:
        self._calls[call] = None
        self._listener.on_incoming(self, call, address=number_of(address))

    def _ring(self, call: int) -> None:
        clock = self._calls.get(call)
        if clock is None or call in self._ringing:
            return
        clock.cancel()
        self._ringing.add(call)
        loop = asyncio.get_running_loop()
        self._calls[call] = loop.call_later(RINGS_SECONDS, self._give_up, call, CallEnd.NO_ANSWER)
        self._listener.on_ringing(self, call)

    def _open(self, call: int) -> None:
        if call not in self._calls:
            return
        if (clock := self._calls[call]) is not None:
            clock.cancel()
        self._calls[call] = None
        self._listener.on_open(self, call)

    def _become(self, state: LineState) -> None:
        if state is self._state:
            return
        self._state = state
        self._changed.set()
        log(_logger, "telephone.line", state=state.value)
        if state not in (LineState.READY, LineState.STARTING):
            for call, clock in tuple(self._calls.items()):
                if clock is not None and call not in self._ringing:
                    self._give_up(call, CallEnd.UNREACHABLE)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Close its pipe, so that it says goodbye to the other side of its calls and ends; kill one that goes on all the same."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await process.wait()
            return
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
