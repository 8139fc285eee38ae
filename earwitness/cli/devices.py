"""The commands about satellites. With a token they ask the running server, else the registry on this machine by passphrase.

A pairing lives in the server, so opening and confirming one always need a token (scope devices) in EARWITNESS_TOKEN.
"""

import json
import os
import ssl
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import PERSON, check_may, signed_in
from earwitness.config import Settings, state_folder
from earwitness.domain.account import Permission
from earwitness.domain.device import Device, DeviceEvent
from earwitness.domain.errors import AccessError, DeviceError, EarwitnessError, NetworkError
from earwitness.people.devices import Devices
from earwitness.trust.authority import Authority

TOKEN_VARIABLE: Final = "EARWITNESS_TOKEN"  # noqa: S105  (a name, not a secret)
ANSWER_SECONDS: Final = 15.0
LONGEST_ANSWER: Final = 4 * 1024 * 1024
SERVER = click.option("--server", help="Address of the running server; else from the settings.")
DEVICE = click.argument("device", metavar="DEVICE")


@click.group()
def devices() -> None:
    """Satellites: pair, list, rename, mute and revoke them."""


@devices.command(name="list")
@SERVER
@PERSON
@JSON
@click.pass_obj
def list_devices(settings: Settings, *, server: str | None, name: str | None, as_json: bool) -> None:
    """List the satellites."""
    if _token():
        found = _ask(settings, server, "GET", "/devices")["devices"]
    else:
        with signed_in(settings, name) as (house, person):
            check_may(person, Permission.DEVICES)
            found = [_json(one) for one in house.devices.all()]
    if as_json:
        click.echo(json.dumps(found))
        return
    table = Table("id", "name", "kind", "room", "state", "last seen", box=None)
    for one in found:
        seen = "never" if one["seen_at"] is None else f"{datetime.fromisoformat(one['seen_at']).astimezone():%Y-%m-%d %H:%M}"
        table.add_row(one["device_id"], Text(one["name"]), one["kind"], Text(one["area"] or ""), _state(one), seen)
    out.print(table)


@devices.command(name="open-pairing")
@SERVER
@click.pass_obj
def open_pairing(settings: Settings, server: str | None) -> None:
    """Let devices ask to be paired for five minutes."""
    opened = _ask(settings, server, "POST", "/devices/pairing")
    click.echo(
        f"Pairing is open for {opened['closes_in_seconds'] / 60:.0f} minutes. On the device: earwitness satellite --server HOST"
    )
    click.echo("Then here, with the six digits that it shows and says: earwitness devices confirm CODE --name NAME")


@devices.command(name="confirm")
@click.argument("code")
@click.option("--name", "device_name", required=True, help="What the device is called from now on.")
@click.option("--room", "area", help="Where it stands.")
@click.option("--voice", help="The voice that it speaks with; else the home's.")
@SERVER
@click.pass_obj
def confirm(settings: Settings, code: str, *, device_name: str, area: str | None, voice: str | None, server: str | None) -> None:
    """Pair the device that shows CODE."""
    asked = {"code": code, "name": device_name, "area": area, "voice": voice}
    made = _ask(settings, server, "POST", "/devices/pairing/confirmation", body=asked)
    click.echo(f"{made['name']} is paired: {made['device_id']}")


@devices.command(name="rename")
@DEVICE
@click.argument("new_name", metavar="NAME")
@SERVER
@PERSON
@click.pass_obj
def rename(settings: Settings, device: str, *, new_name: str, server: str | None, name: str | None) -> None:
    """Call the satellite DEVICE (its name or id) NAME."""
    if _token():
        _ask(settings, server, "PATCH", f"/devices/{_id(settings, server, device)}", body={"name": new_name})
    else:
        with signed_in(settings, name) as (house, person):
            check_may(person, Permission.DEVICES)
            house.devices.rename(_found(house.devices, device).device_id, new_name)
    click.echo(f"It is called {new_name} now.")


@devices.command(name="mute")
@DEVICE
@SERVER
@PERSON
@click.pass_obj
def mute(settings: Settings, device: str, *, server: str | None, name: str | None) -> None:
    """Ask the satellite DEVICE (its name or id) to mute itself. Only the device can undo it."""
    if _token():
        _ask(settings, server, "POST", f"/devices/{_id(settings, server, device)}/mute")
    else:
        with signed_in(settings, name) as (house, person):
            check_may(person, Permission.DEVICES)
            found = _found(house.devices, device)
            house.devices.wish_mute(found.device_id)
            house.device_log.note(DeviceEvent.MUTE_WISHED, device_id=found.device_id)
    click.echo("It is asked to mute, now or when it next comes. Only the device can undo it.")


@devices.command(name="revoke")
@DEVICE
@click.option("--yes", is_flag=True, help="Do not ask.")
@SERVER
@PERSON
@click.pass_obj
def revoke(settings: Settings, device: str, *, yes: bool, server: str | None, name: str | None) -> None:
    """Never let the satellite DEVICE (its name or id) in again; a running session ends."""
    if not yes:
        click.confirm(f"Take {device} out? To use it again it must be paired anew.", abort=True)
    if _token():
        _ask(settings, server, "DELETE", f"/devices/{_id(settings, server, device)}")
    else:
        with signed_in(settings, name) as (house, person):
            check_may(person, Permission.DEVICES)
            gone = house.devices.revoke(_found(house.devices, device).device_id)
            house.device_log.note(DeviceEvent.REVOKED, device_id=gone.device_id, detail=gone.name)
    click.echo("It is taken out; its key is refused from now on.")


@devices.command(name="authority")
@PERSON
@JSON
@click.pass_obj
def show_authority(settings: Settings, *, name: str | None, as_json: bool) -> None:
    """Show the authority that satellites and browsers trust: its fingerprint, in digits for comparing aloud, and its end."""
    with signed_in(settings, name) as (house, person):
        check_may(person, Permission.DEVICES)
        _print_authority(house.authority, as_json=as_json)


@devices.command(name="renew-authority")
@PERSON
@JSON
@click.pass_obj
def renew_authority(settings: Settings, *, name: str | None, as_json: bool) -> None:
    """Make a successor of the household's authority, which takes over once every satellite has renewed its certificate."""
    with signed_in(settings, name) as (house, person):
        check_may(person, Permission.DEVICES)
        house.authority.begin_succession()
        _print_authority(house.authority, as_json=as_json)


def _print_authority(authority: Authority, *, as_json: bool) -> None:
    succession = authority.succession
    shown: dict[str, str | None] = {
        "fingerprint": authority.fingerprint,
        "digits": authority.digits,
        "ends_at": authority.ends_at.isoformat(),
        "successor_digits": None if succession is None else succession.digits,
    }
    if as_json:
        click.echo(json.dumps(shown))
        return
    click.echo(
        f"Fingerprint: {authority.fingerprint}\nAloud:       {authority.digits}\nEnds:        {authority.ends_at:%Y-%m-%d}"
    )
    if succession is not None:
        click.echo(f"Successor, aloud: {succession.digits}")
        click.echo("It takes over when every satellite has renewed its certificate, which each does within 60 days of use.")
        click.echo("One that is not used any more holds that up: take it out.")
        click.echo("Browsers that trust the authority need the new one then.")


def _state(one: dict[str, Any]) -> str:
    parts = ["taken out"] if one["revoked_at"] else ["connected"] if one.get("is_connected") else []
    parts += ["muted"] if one["is_muted"] else ["asked to mute"] if one["is_mute_wished"] else []
    return ", ".join(parts)


def _json(one: Device) -> dict[str, Any]:
    return {
        "device_id": one.device_id,
        "kind": one.kind.value,
        "name": one.name,
        "area": one.area,
        "voice": one.voice,
        "place": one.place,
        "is_muted": one.is_muted,
        "is_mute_wished": one.is_mute_wished,
        "paired_at": one.paired_at.isoformat(),
        "seen_at": one.seen_at.isoformat() if one.seen_at else None,
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }


def _found(registry: Devices, device: str) -> Device:
    """The satellite of that name or id that is in use. Raises DeviceError."""
    wanted = device.casefold()
    for one in registry.all(with_revoked=False):
        if wanted in (one.device_id, one.name.casefold()):
            return one
    raise DeviceError("There is no satellite of that name or id; `earwitness devices list` lists them.")


def _id(settings: Settings, server: str | None, device: str) -> str:
    wanted = device.casefold()
    for one in _ask(settings, server, "GET", "/devices")["devices"]:
        if not one["revoked_at"] and wanted in (one["device_id"], one["name"].casefold()):
            return str(one["device_id"])
    raise DeviceError("There is no satellite of that name or id; `earwitness devices list` lists them.")


def _token() -> str | None:
    return os.environ.get(TOKEN_VARIABLE)


def _ask(settings: Settings, server: str | None, method: str, path: str, *, body: dict[str, Any] | None = None) -> Any:
    """The answer of the running server. Raises AccessError without a token, NetworkError without an answer, or what it says."""
    token = _token()
    if not token:
        sentence = f"This needs the running server: make a token with the scope devices and set {TOKEN_VARIABLE}."
        raise AccessError(sentence, code="access.not_signed_in")
    address = (server or _address(settings)).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise NetworkError("The server's address begins with http:// or https://.", code="network.no_answer")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/api/v1{path}", data=data, headers=headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS, context=_trust(address)) as answer:  # noqa: S310
            return json.loads(answer.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        raise _refusal(error) from error
    except (OSError, ValueError) as error:
        raise NetworkError(f"No server answers at {address}: see whether it runs.", code="network.no_answer") from error


def _refusal(error: urllib.error.HTTPError) -> EarwitnessError:
    try:
        told = json.loads(error.read(LONGEST_ANSWER))
        return EarwitnessError(str(told["message"]), code=str(told["code"]))
    except (OSError, ValueError, KeyError, TypeError):
        return NetworkError(f"The server refused that (status {error.code}).", code="network.no_answer")


def _address(settings: Settings) -> str:
    server = settings.server
    is_here = server.host in {"127.0.0.1", "::1", "localhost"}
    host = "localhost" if server.host in {"0.0.0.0", "::"} else server.host  # noqa: S104  (compared, not listened on)
    return f"{'http' if is_here and server.tls_certificate is None else 'https'}://{host}:{server.port}"


def _trust(address: str) -> ssl.SSLContext | None:
    """The usual authorities, and this household's own."""
    if not address.startswith("https://"):
        return None
    context = ssl.create_default_context()
    own = state_folder() / "keys" / "authority.pem"
    if own.exists():
        context.load_verify_locations(own)
    return context
