"""One telephone account and its calls, on baresip: what sip_process does, and nothing else may import.

It answers a call only when it is told so, follows nobody's wish to call elsewhere, keeps no sound and writes nothing.
"""

import asyncio
import contextlib
import os
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from earwitness.domain.call import CallEnd, LineState
from earwitness.links import sip_wire as wire
from earwitness.links.sip_sound import Incoming, Outgoing

REGISTER_SECONDS: Final = 1.8
"""How long the telephone server may take to confirm an account; slower is unreachable, and tried again."""
CONFIRM_AGAIN_SECONDS: Final = 30.0
"""How often the account is confirmed: so soon it is known that the server is gone, and routers keep the way in open."""
RETRY_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
REFUSED_RETRY_SECONDS: Final = 60.0
"""After a wrong password: more often would have the account locked."""
OPENS_SECONDS: Final = 3.0
"""How long a call that was answered may take until its sound is agreed upon."""
EXPIRY_SECONDS: Final = 300
POLL_SECONDS: Final = 0.02
MOST_CALLS: Final = 2

_BY_STATUS: Final = {
    401: CallEnd.PASSWORD,
    402: CallEnd.REFUSED,
    403: CallEnd.REFUSED,
    404: CallEnd.UNKNOWN_NUMBER,
    407: CallEnd.PASSWORD,
    408: CallEnd.NO_ANSWER,
    410: CallEnd.UNKNOWN_NUMBER,
    416: CallEnd.UNKNOWN_NUMBER,
    480: CallEnd.NO_ANSWER,
    484: CallEnd.UNKNOWN_NUMBER,
    486: CallEnd.BUSY,
    487: CallEnd.NO_ANSWER,
    502: CallEnd.UNREACHABLE,
    503: CallEnd.UNREACHABLE,
    504: CallEnd.UNREACHABLE,
    600: CallEnd.BUSY,
    603: CallEnd.DECLINED,
    604: CallEnd.UNKNOWN_NUMBER,
    607: CallEnd.DECLINED,
    608: CallEnd.DECLINED,
}


def end_of(text: str, *, was_open: bool, was_incoming: bool) -> CallEnd:
    """How a call ended that nobody here ended, from the stack's words: a status line, or what became of the connection."""
    head = text[:3]
    if was_open:
        return CallEnd.LOST if "rtp stream error" in text or "timed out" in text.lower() else CallEnd.THERE
    if was_incoming:
        return CallEnd.THERE
    if head.isdigit() and text[3:4] in ("", " "):
        return _BY_STATUS.get(int(head), CallEnd.FAILED)
    return CallEnd.UNREACHABLE


def own_address(server: str, *, port: int) -> str | None:
    """The address of this machine by which it reaches a server; None if that is not known. Nothing is sent to the server."""
    try:
        family, _, _, _, place = socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(place)
            return str(probe.getsockname()[0])
    except OSError:
        return None


def certificates() -> str:
    """The system's file of certificates to trust; empty if there is none."""
    known = ssl.get_default_verify_paths()
    places = (known.cafile, known.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
    return next((place for place in places if place and Path(place).is_file()), "")


class House(Protocol):
    """Who is told things."""

    def tell(self, what: dict[str, object]) -> None: ...

    def hear(self, call: int, pcm: bytes) -> None:
        """What the other side of a call says: int16 [samples], 16 kHz mono."""
        ...


@dataclass(slots=True)
class _Ongoing:
    """One call. `call` is baresip's."""

    number: int
    call: Any
    is_incoming: bool = False
    is_open: bool = False
    outgoing: Outgoing | None = None
    pump: asyncio.Task[None] | None = field(default=None)


class Telephone:
    """One account and its calls. `start` it first."""

    def __init__(self, account: wire.SipAccount, *, house: House) -> None:
        self._account = account
        self._house = house
        self._runtime: Any = None
        self._agent: Any = None
        self._calls: dict[int, _Ongoing] = {}
        self._dialled: set[int] = set()
        """Calls that the stack was asked for and does not name yet; what is hung up meanwhile is in it no more."""
        self._last_incoming = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._confirm_now = asyncio.Event()

    async def start(self) -> None:
        """Bring the stack up. Raises what it raises; ends the process without baresip."""
        import baresip

        account = self._account
        host, port = _place(account)
        place = await asyncio.to_thread(own_address, host, port=port)
        trusted = account.ca_file or certificates()
        settings = [f"sip_transports {account.transport}", "sip_cuser_random yes", "audio_jitter_buffer_type adaptive"]
        settings.append("dns_getaddrinfo yes")  # names that only this machine or this network knows too
        if account.transport == "tls":
            settings += ["sip_verify_server yes", f"sip_cafile {trusted or os.devnull}"]
        config = baresip.Config(
            net_interface=place,
            max_concurrent_calls=MOST_CALLS,
            rtp_timeout=account.silence_seconds,
            native_log_level="error",
            extra_config_text="\n".join(settings),
        )
        self._runtime = baresip.Runtime()
        await self._runtime.start(config)
        # Never answered, redirected or transferred because somebody else says so.
        extra = ["sip_autoanswer=no", "sip_autoredirect=no", "call_transfer=no"]
        if account.encrypts_sound:
            extra.append("mediaenc=srtp-mand")
        agent = await baresip.UserAgent.create(
            self._runtime,
            baresip.Account(
                user=account.user,
                domain=account.server,
                password=account.password,
                auth_user=account.sign_in or None,
                transport=account.transport,
                # Everything goes through this server: nobody else is talked to, whatever a number says.
                registrar=f"{account.server};transport={account.transport}",
                reg_interval=EXPIRY_SECONDS if account.is_registered else 0,
                audio_codecs=wire.CODECS,
                extra_params=tuple(extra),
            ),
            transfer_policy="reject",
        )
        agent.on_incoming(self._come_in)
        self._agent = agent
        self._spawn(self._keep_confirmed())

    def place(self, number: int, address: str) -> None:
        """Begin a call; what becomes of it is told."""
        self._confirm_now.set()
        self._dialled.add(number)
        self._spawn(self._dial(number, address))

    def answer(self, number: int) -> None:
        if (ongoing := self._calls.get(number)) is not None:
            self._spawn(self._do(ongoing, ongoing.call.answer()))

    def hang_up(self, number: int) -> None:
        """End a call, or one that has not begun yet."""
        self._dialled.discard(number)
        if (ongoing := self._calls.get(number)) is not None:
            self._spawn(self._do(ongoing, ongoing.call.hangup()))
            self._over(ongoing, CallEnd.HERE)

    def refuse(self, number: int) -> None:
        """Say that we are busy."""
        if (ongoing := self._calls.get(number)) is not None:
            self._spawn(self._do(ongoing, ongoing.call.reject()))
            self._over(ongoing, CallEnd.HERE)

    def say(self, number: int, chunk: bytes) -> None:
        """Sound of the house into a call."""
        from baresip import errors

        ongoing = self._calls.get(number)
        if ongoing is None or not ongoing.is_open:
            return
        with contextlib.suppress(errors.AudioNotActive, errors.AudioRestarted):
            now = ongoing.call.audio.info()
            if not now.tx_ready or not now.tx_sample_rate:
                return
            if ongoing.outgoing is None or ongoing.outgoing.format != (now.tx_sample_rate, now.tx_channels):
                ongoing.outgoing = Outgoing(rate_hz=now.tx_sample_rate, channels=now.tx_channels)
            ongoing.outgoing.pass_on(chunk, into=ongoing.call.audio, waiting=now.tx_buffered)

    def ping(self) -> None:
        """Tell that all of it still answers: the loop here, and the stack's own thread."""
        self._spawn(self._pong())

    async def _pong(self) -> None:
        from baresip import errors

        with contextlib.suppress(errors.BaresipError):
            await self._runtime.set_native_log_level("error")  # a command that goes through the stack and changes nothing
            self._house.tell({"is": "pong"})

    async def close(self) -> None:
        """End every call and leave."""
        for number in tuple(self._calls):
            self.hang_up(number)
        for task in tuple(self._tasks):
            task.cancel()
        with contextlib.suppress(Exception):
            await self._runtime.close()

    # Calls

    async def _dial(self, number: int, address: str) -> None:
        from baresip import errors

        # The stack names a call a little after it began it, and tells what became of it meanwhile to nobody else: a line that is
        # busy may have said so by then.
        early: list[Any] = []
        note = early.append
        self._runtime.subscribe(note)
        try:
            call = await self._agent.dial(address)
        except (errors.BaresipError, ValueError):
            self._dialled.discard(number)
            self._house.tell({"is": "ended", "call": number, "how": CallEnd.UNREACHABLE})
            return
        finally:
            self._runtime.unsubscribe(note)
        ongoing = _Ongoing(number, call)
        self._begin(ongoing)
        for event in early:
            if event.call == call.handle:
                self._note(ongoing, event)
        if number not in self._dialled:
            self.hang_up(number)
        self._dialled.discard(number)

    def _come_in(self, call: Any) -> None:
        self._last_incoming = self._last_incoming % (wire.MOST_CALLS - 3) + 2
        ongoing = _Ongoing(self._last_incoming, call, is_incoming=True)
        self._begin(ongoing)
        address = str(call.peer or "")[: wire.LONGEST_ADDRESS]
        self._house.tell({"is": "incoming", "call": ongoing.number, "from": address})

    def _begin(self, ongoing: _Ongoing) -> None:
        self._calls[ongoing.number] = ongoing
        ongoing.call.on(lambda event: self._note(ongoing, event))

    def _note(self, ongoing: _Ongoing, event: Any) -> None:
        match event.event.name:
            case "CALL_RINGING" | "CALL_PROGRESS" if not ongoing.is_incoming:
                self._house.tell({"is": "ringing", "call": ongoing.number})
            case "CALL_ESTABLISHED":
                ongoing.pump = self._spawn(self._open(ongoing))
            case "CALL_CLOSED":
                how = end_of(str(event.text or ""), was_open=ongoing.is_open, was_incoming=ongoing.is_incoming)
                self._over(ongoing, how)
            case _:
                pass

    async def _open(self, ongoing: _Ongoing) -> None:
        """An answered call is open once its sound flows. One that has none in common with us the stack would keep, in silence."""
        from baresip import errors

        for _ in range(int(OPENS_SECONDS / POLL_SECONDS)):
            with contextlib.suppress(errors.AudioNotActive, errors.AudioRestarted):
                now = ongoing.call.audio.info()
                if now.tx_ready or now.rx_ready:
                    break
            await asyncio.sleep(POLL_SECONDS)
        else:
            self._spawn(self._do(ongoing, ongoing.call.hangup()))
            self._over(ongoing, CallEnd.FAILED)
            return
        ongoing.is_open = True
        self._house.tell({"is": "open", "call": ongoing.number})
        await self._pump(ongoing)

    def _over(self, ongoing: _Ongoing, how: CallEnd) -> None:
        if self._calls.pop(ongoing.number, None) is None:
            return
        if ongoing.pump is not None:
            ongoing.pump.cancel()
        self._house.tell({"is": "ended", "call": ongoing.number, "how": how})

    async def _do(self, ongoing: _Ongoing, doing: Any) -> None:
        """Carry out what was asked of a call; one that is gone already is over."""
        from baresip import errors

        try:
            await doing
        except errors.StaleHandleError:
            self._over(ongoing, CallEnd.THERE)
        except errors.BaresipError:
            self._over(ongoing, CallEnd.FAILED)

    async def _pump(self, ongoing: _Ongoing) -> None:
        """Pass on what the other side says, for as long as the call is open; its format may change in the midst."""
        from baresip import errors

        rate: tuple[int, int] | None = None
        incoming: Incoming | None = None
        while True:
            await asyncio.sleep(POLL_SECONDS)
            with contextlib.suppress(errors.AudioNotActive, errors.AudioRestarted):
                now = ongoing.call.audio.info()
                if not now.rx_ready or not now.rx_sample_rate:
                    continue
                if incoming is None or rate != (now.rx_sample_rate, now.rx_channels):
                    rate = (now.rx_sample_rate, now.rx_channels)
                    incoming = Incoming(rate_hz=rate[0], channels=rate[1])
                self._house.hear(ongoing.number, incoming.take(ongoing.call.audio))

    # The account

    async def _keep_confirmed(self) -> None:
        """Sign in, again and again: so it is known whether the server is there. A trunk signs in with each call."""
        if not self._account.is_registered:
            self._tell_line(LineState.READY)
            return
        failures = 0
        while True:
            self._confirm_now.clear()
            state = await self._confirmed()
            failures = 0 if state is LineState.READY else failures + 1
            self._tell_line(state)
            pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1] if failures else CONFIRM_AGAIN_SECONDS
            if state in (LineState.PASSWORD, LineState.NOT_SAFE):
                pause = REFUSED_RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._confirm_now.wait()

    async def _confirmed(self) -> LineState:
        from baresip import errors

        try:
            await self._agent.register(timeout=REGISTER_SECONDS)
        except errors.RegistrationError as error:
            if error.status in (401, 403, 404, 407):
                return LineState.PASSWORD
            is_refused = self._account.transport == "tls" and await asyncio.to_thread(self._is_strange)
            return LineState.NOT_SAFE if is_refused else LineState.UNREACHABLE
        except errors.BaresipError:
            return LineState.UNREACHABLE
        return LineState.READY

    def _is_strange(self) -> bool:
        """Whether the server shows a certificate that is not to be trusted: the stack says no more than "unreachable"."""
        host, port = _place(self._account)
        try:
            trust = ssl.create_default_context(cafile=self._account.ca_file or None)
            with socket.create_connection((host, port), timeout=REGISTER_SECONDS) as plain:
                trust.wrap_socket(plain, server_hostname=host).close()
        except ssl.SSLCertVerificationError:
            return True
        except (OSError, ValueError):
            return False
        return False

    def _tell_line(self, state: LineState) -> None:
        self._house.tell({"is": "line", "state": state})

    def _spawn(self, doing: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _place(account: wire.SipAccount) -> tuple[str, int]:
    """The server's name and port."""
    host, _, port = account.server.partition(":")
    return host, int(port or (5061 if account.transport == "tls" else 5060))
