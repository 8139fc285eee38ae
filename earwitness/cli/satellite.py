"""The commands of a satellite: run it, pair it, mute it where it stands, and forget its household."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from earwitness.cli.options import JSON, out
from earwitness.config import Settings, models_folder, state_folder
from earwitness.domain.errors import DeviceError
from earwitness.satellite.box import Box, go_first, leave_no_core
from earwitness.satellite.control import Status, ask
from earwitness.satellite.joining import join, own_name
from earwitness.satellite.keys import HELP, reading_keys
from earwitness.satellite.server_link import Address
from earwitness.speech.models import ModelStore
from earwitness.trust.identity import Identity

_LOOKS: Final = {
    "listening": "bold white on red",
    "intercom": "bold white on red",
    "ringing": "bold black on yellow",
    "muted": "bold red",
    "away": "yellow",
    "waking": "cyan",
    "thinking": "cyan",
    "speaking": "green",
}
_DIGITS: Final = {
    "0": "███ █ █ █ █ █ █ ███", "1": " █  ██   █   █  ███", "2": "███   █ ███ █   ███", "3": "███   █ ███   █ ███",
    "4": "█ █ █ █ ███   █   █", "5": "███ █   ███   █ ███", "6": "███ █   ███ █ █ ███", "7": "███   █   █   █   █",
    "8": "███ █ █ ███ █ █ ███", "9": "███ █ █ ███   █ ███",
}  # fmt: skip


class _Face:
    """The terminal as a light: a line that changes, or plain lines where there is no terminal."""

    def __init__(self, console: Console, *, shows_words: bool) -> None:
        self._console = console
        self._shows_words = shows_words
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> "_Face":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, word: str) -> None:
        """Show the state."""
        if self._live is None:
            self._console.print(Text(f"state: {word}"))
        else:
            self._live.update(Text(f" ● {word} ", style=_LOOKS.get(word, "dim")), refresh=True)

    def tell(self, sentence: str) -> None:
        """Print a sentence; what others wrote steers no terminal."""
        plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in sentence)
        self._console.print(Text(plain))

    def tell_said(self, sentence: str) -> None:
        """Print what somebody said or was told, unless that might be kept."""
        if self._shows_words:
            self.tell(sentence)


@click.group(invoke_without_command=True)
@click.option("--server", help="Where the server is: HOST or HOST:PORT.")
@click.option("--name", help="What this device calls itself while it is paired; its host name if not said.")
@click.option("--no-keys", is_flag=True, help="Read no keys: for a service.")
@click.option("--show-words", is_flag=True, help="Print what is said also where there is no terminal; a log would keep it.")
@click.pass_context
def satellite(context: click.Context, server: str | None, name: str | None, *, no_keys: bool, show_words: bool) -> None:
    """Be a satellite: hear the wake word here, and talk to the server. Pairs this device at the first start."""
    if context.invoked_subcommand is not None:
        return
    settings: Settings = context.obj
    leave_no_core()
    go_first()
    box = _box(settings)
    if ask(box.folder, "status") is not None:
        raise DeviceError("A satellite already runs here with the same folder.", code="device.exists")
    face = _Face(out, shows_words=show_words or out.is_terminal)
    asyncio.run(_run(box, box.address(server), name=own_name(name or settings.satellite.name), has_keys=not no_keys, face=face))


@satellite.command()
@JSON
@click.pass_obj
def status(settings: Settings, *, as_json: bool) -> None:
    """Say how the satellite of this machine is."""
    box = _box(settings)
    _print(ask(box.folder, "status") or _offline(box), as_json=as_json)


@satellite.command()
@JSON
@click.pass_obj
def mute(settings: Settings, *, as_json: bool) -> None:
    """Mute this machine's microphone, also for its next start."""
    box = _box(settings)
    found = ask(box.folder, "mute")
    if found is None:
        box.mute().mute()
        found = _offline(box)
    _print(found, as_json=as_json)


@satellite.command()
@JSON
@click.pass_obj
def unmute(settings: Settings, *, as_json: bool) -> None:
    """Let this machine's microphone hear again; nobody can do that over the network."""
    box = _box(settings)
    found = ask(box.folder, "unmute")
    if found is None:
        box.mute().unmute()
        found = _offline(box)
    _print(found, as_json=as_json)


@satellite.command()
@JSON
@click.pass_obj
def stop(settings: Settings, *, as_json: bool) -> None:
    """Stop the reply, ring, capture or call."""
    _print(_asked(settings, "stop"), as_json=as_json)


@satellite.command()
@JSON
@click.pass_obj
def snooze(settings: Settings, *, as_json: bool) -> None:
    """Let what rings ring again in nine minutes."""
    _print(_asked(settings, "snooze"), as_json=as_json)


@satellite.command()
@JSON
@click.pass_obj
def talk(settings: Settings, *, as_json: bool) -> None:
    """Begin a request, as the talk key does; again: it is over."""
    _print(_asked(settings, "talk"), as_json=as_json)


@satellite.command()
@click.pass_obj
def forget(settings: Settings) -> None:
    """Leave the household: key and certificate are removed; revoke the device on the page as well."""
    box = _box(settings)
    if ask(box.folder, "status") is not None:
        raise DeviceError("Stop the satellite first: it still runs with these keys.", code="device.invalid")
    box.forget()
    out.print("Forgotten. The next `earwitness satellite` pairs anew.")


def _box(settings: Settings) -> Box:
    return Box(settings, _folder(), store=ModelStore(models_folder()))


def _folder() -> Path:
    return state_folder() / "satellite"


def _asked(settings: Settings, word: str) -> Status:
    found = ask(_box(settings).folder, word)
    if found is None:
        raise DeviceError("No satellite runs here.", code="device.unknown")
    return found


def _offline(box: Box) -> Status:
    """How a satellite that does not run will begin."""
    kept = box.mute()
    return {"state": "not running", "is_muted": kept.is_on, "is_switched": kept.is_switched}


def _print(status: Status, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(status))
        return
    for name, value in status.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        out.print(Text(f"{name.replace('_', ' '):26} {shown}"))


async def _run(box: Box, address: Address, *, name: str, has_keys: bool, face: _Face) -> None:
    identity = box.identity()
    with face:
        if not identity.is_paired:
            await _pair(box, address, identity=identity, name=name, tell=face.tell)
        box.keep_address(address)
        satellite = box.satellite(address, identity=identity, tell=face.tell, tell_said=face.tell_said, print_state=face.show)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, satellite.quit)
        actions: dict[str, Callable[[], None]] = {
            " ": satellite.press,
            "s": satellite.stop,
            "z": satellite.snooze,
            "m": satellite.toggle_mute,
            "q": satellite.quit,
        }
        with reading_keys(actions if has_keys else {}) as is_read:
            if is_read and has_keys:
                face.tell(HELP)
            await satellite.run(beside=[box.control(satellite).run])


async def _pair(box: Box, address: Address, *, identity: Identity, name: str, tell: Callable[[str], None]) -> None:
    tell(f"This device ({name}) is not paired yet. On the page, open Devices and choose to add one.")
    voice = box.code_voice(tell=tell)

    def show_code(code: str) -> None:
        for line in range(5):
            tell("   ".join(_DIGITS[digit][4 * line : 4 * line + 3].ljust(3) for digit in code))
        tell(f"Type this code on the page: {code}")
        voice.begin(code)

    try:
        await join(address, identity=identity, name=name, show_code=show_code)
        box.mute().begin()
    finally:
        await voice.end(is_paired=identity.is_paired)
    tell("Paired.")
