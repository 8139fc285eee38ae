"""The commands of a review service of its own: serve it, let the household know it, and make its role in PostgreSQL."""

import asyncio
import base64
import binascii
import json
import secrets
from pathlib import Path

import click

from earwitness import build
from earwitness.build.review_counter import ServiceKey
from earwitness.build.review_service import identity_of, serve_review, service_of
from earwitness.build.service_settings import ServiceSettings, read_service_settings
from earwitness.cli.options import out
from earwitness.config import Settings
from earwitness.domain.errors import TrustError
from earwitness.storage.desk_role import make_role, role_statements
from earwitness.storage.durable import write_whole

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _read(context: click.Context, parameter: click.Parameter, value: Path) -> ServiceSettings:
    return read_service_settings(value)


SERVICE = click.argument("service", type=FILE, callback=_read, metavar="FILE")


@click.command()
@SERVICE
def serve(service: ServiceSettings) -> None:
    """Serve the reviewers' desk as a process of its own, by the settings in FILE. It has no keys, names or recordings: words come
    from the household each time, over the channel."""
    with service_of(service) as made:
        asyncio.run(serve_review(made, say=out.print))


@click.command()
@SERVICE
def key(service: ServiceSettings) -> None:
    """On the service's machine: print its public key, for `earwitness review admit` on the household's."""
    click.echo(base64.b64encode(identity_of(service).public_key).decode("ascii"))


@click.command()
@SERVICE
@click.argument("certificate", type=FILE)
def join(service: ServiceSettings, certificate: Path) -> None:
    """On the service's machine: keep the file that `earwitness review admit` wrote."""
    try:
        found = json.loads(certificate.read_bytes())
        own, household = str(found["certificate"]), str(found["household"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrustError(f"{certificate} is none that `earwitness review admit` wrote.", code="trust.certificate") from error
    identity_of(service).join(own, household=household)
    out.print("The household knows this service now.")


@click.command()
@click.argument("public_key")
@click.option("--to", "to", type=click.Path(path_type=Path), required=True, help="File to write; nothing in it is secret.")
@click.pass_obj
def admit(settings: Settings, public_key: str, *, to: Path) -> None:
    """On the household's machine: let the review service with this PUBLIC_KEY come over the network, and no other."""
    try:
        spki = base64.b64decode(public_key, validate=True)
    except binascii.Error as error:
        raise TrustError("That is no public key of `earwitness review key`.", code="trust.key") from error
    with build.House(settings) as house:
        made = ServiceKey(house.state / "keys", authority=house.authority).admit(spki)
        household = house.authority.certificate_pem
        digits = house.authority.digits
    write_whole(to, [json.dumps({"certificate": made.certificate, "household": household}).encode()])
    out.print(f"Carry {to} to the service's machine. This household in digits: {digits}")


@click.command(name="make-role")
@click.option("--name", default="earwitness_review", show_default=True, help="Of the role and of its database.")
@click.option("--household", multiple=True, help="A database of the household, which only its owner may then connect to.")
@click.option("--at", "url", help="Carry it out there, as the administrator of this URL; without it, it is printed.")
def make_role_command(name: str, household: tuple[str, ...], url: str | None) -> None:
    """Make a PostgreSQL role and database for the reviewers' desk, with no grant on anything else."""
    password = secrets.token_urlsafe(24)
    statements = role_statements(name, password=password, others=household)
    if url is None:
        click.echo("".join(f"{statement};\n" for statement in statements), nl=False)
        return
    make_role(url, statements)
    out.print(f'In the service\'s settings: database = "postgresql+pg8000://{name}:{password}@HOST/{name}"')
