"""The commands about phones that are away: their profiles, and the tunnel on this machine. An owner's passphrase is asked for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import PERSON, signed_in
from earwitness.config import Settings
from earwitness.domain.account import Permission
from earwitness.domain.errors import AccessError
from earwitness.domain.person import Person
from earwitness.people.remotes import RemotePhone
from earwitness.remote.profile import qr_svg, qr_terminal
from earwitness.remote.remote import Remote
from earwitness.storage.durable import write_whole

NAME = click.argument("phone", metavar="NAME")
FILE = click.option("--file", "file", type=click.Path(path_type=Path), help="Also write the profile to this file (0600).")
PICTURE = click.option("--svg", "picture", type=click.Path(path_type=Path), help="Also draw the QR code to this file (0600).")


@click.group()
def remote() -> None:
    """Reach it from elsewhere: a tunnel (WireGuard) for your phones."""


@contextmanager
def _owned(settings: Settings, name: str | None) -> Iterator[tuple[Remote, Person]]:
    """The way in from elsewhere, for somebody whose passphrase was right and who may decide about it. Raises AccessError."""
    with signed_in(settings, name) as (house, person):
        if not person.may(Permission.REMOTE):
            raise AccessError("Only an owner decides who may come in from elsewhere.")
        yield house.remote, person


@remote.command(name="add")
@NAME
@click.option("--endpoint", help='Where the phone finds the house: "home.example.org:51820"; else from the settings.')
@FILE
@PICTURE
@PERSON
@click.pass_obj
def add(
    settings: Settings, phone: str, *, endpoint: str | None, file: Path | None, picture: Path | None, name: str | None
) -> None:
    """Make a profile for the phone NAME and show it once, as a QR code for the WireGuard app."""
    with _owned(settings, name) as (way, person):
        handed = way.add(phone, endpoint=endpoint, by=person)
        page = _page(settings, way)
    if file is not None:
        write_whole(file, [handed.profile.encode()], mode=0o600)
    if picture is not None:
        write_whole(picture, [qr_svg(handed.profile).encode()], mode=0o600)
    click.echo(qr_terminal(handed.profile) if file is None and picture is None else "", nl=False)
    out.print("Scan this with the WireGuard app. It holds the phone's key, is shown this once and is kept nowhere here.")
    out.print(Text(f"While the tunnel is on, the phone opens {page}."))
    if not way.tunnel.is_up:
        out.print("The tunnel is not up yet: `sudo earwitness remote up`.")


@remote.command(name="list")
@JSON
@PERSON
@click.pass_obj
def list_phones(settings: Settings, *, as_json: bool, name: str | None) -> None:
    """List the phones that have a profile."""
    with _owned(settings, name) as (way, _):
        found = way.phones()
    if as_json:
        click.echo(json.dumps([_json(one) for one in found]))
        return
    table = Table("phone", "address", "public key", "since", box=None)
    for one in found:
        table.add_row(Text(one.name), one.address, one.public_key, f"{one.created_at.astimezone():%Y-%m-%d}")
    out.print(table if found else "No phone has a profile yet: `earwitness remote add NAME`.")


@remote.command(name="revoke")
@NAME
@PERSON
@click.pass_obj
def revoke(settings: Settings, phone: str, *, name: str | None) -> None:
    """Never let the phone NAME in again; if the tunnel is up, it is cut off at once."""
    with _owned(settings, name) as (way, person):
        way.revoke(way.named(phone).remote_id, by=person)
    out.print("Revoked. That profile opens nothing any more.")


@remote.command(name="server")
@FILE
@PERSON
@click.pass_obj
def server(settings: Settings, *, file: Path | None, name: str | None) -> None:
    """The server's configuration for `wg-quick`, with its private key: for a machine that starts the tunnel by itself."""
    with _owned(settings, name) as (way, _):
        text = way.server_profile()
    if file is None:
        click.echo(text, nl=False)
        return
    write_whole(file, [text.encode()], mode=0o600)
    out.print(Text(f"Written to {file}. Write it again after a phone was added or revoked."))


@remote.command(name="up")
@PERSON
@click.pass_obj
def up(settings: Settings, *, name: str | None) -> None:
    """Bring the tunnel up, or bring a running one up to date; needs sudo."""
    with _owned(settings, name) as (way, _):
        way.up()
        page = _page(settings, way)
    out.print(f"The tunnel {settings.remote.interface} is up on UDP port {settings.remote.port}.")
    out.print(Text(f"The page for phones: {page}. The router must pass UDP port {settings.remote.port} on to this machine."))


@remote.command(name="down")
@PERSON
@click.pass_obj
def down(settings: Settings, *, name: str | None) -> None:
    """Take the tunnel away; needs sudo."""
    with _owned(settings, name) as (way, _):
        way.down()
    out.print("The tunnel is down: no phone comes in from elsewhere.")


@remote.command(name="status")
@JSON
@PERSON
@click.pass_obj
def status(settings: Settings, *, as_json: bool, name: str | None) -> None:
    """Whether the tunnel is up, and when each phone was last seen."""
    with _owned(settings, name) as (way, _):
        is_up, found = way.tunnel.is_up, way.status()
    if as_json:
        seen = [{**_json(one.phone), "seen_at": _iso(one.peer.shook_hands_at if one.peer else None)} for one in found]
        click.echo(json.dumps({"interface": settings.remote.interface, "is_up": is_up, "phones": seen}))
        return
    out.print(f"The tunnel {settings.remote.interface} is {'up' if is_up else 'down'}.")
    table = Table("phone", "last seen", "received", "sent", box=None)
    for one in found:
        at = one.peer.shook_hands_at if one.peer else None
        amounts = (f"{one.peer.received_bytes:,}", f"{one.peer.sent_bytes:,}") if one.peer else ("", "")
        table.add_row(Text(one.phone.name), f"{at.astimezone():%Y-%m-%d %H:%M}" if at else "never", *amounts)
    out.print(table if found else "No phone has a profile yet.")


def _page(settings: Settings, way: Remote) -> str:
    return f"https://{way.network.server[0]}:{settings.server.port}"


def _json(phone: RemotePhone) -> dict[str, str]:
    return {
        "remote_id": phone.remote_id,
        "name": phone.name,
        "address": phone.address,
        "public_key": phone.public_key,
        "created_at": phone.created_at.isoformat(),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
