"""A review service of its own, put together: the desk, its pages, and the household over the channel. It constructs no vault, no
people and no ledger, and goes on only if it can reach none.
"""

import asyncio
import base64
import binascii
import contextlib
import logging
import os
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from earwitness.build.kept import utc_now
from earwitness.build.review_counter import read_host_and_port
from earwitness.build.reviewed import desk_file, desk_terms
from earwitness.build.service_settings import ServiceSettings
from earwitness.config import state_folder
from earwitness.domain.errors import SettingsError, TrustError
from earwitness.jobs.follow_household import FollowHousehold
from earwitness.review.adjudication import Adjudication
from earwitness.review.desk import Desk
from earwitness.review.household_afar import HouseholdAfar
from earwitness.review.line import Line, dial_here, dial_there
from earwitness.review.playback import Playback
from earwitness.review.porter import take_up
from earwitness.server.guard import Guard
from earwitness.server.listen import Address, bind, http_server
from earwitness.server.service_app import make_service_app
from earwitness.storage.database import Database
from earwitness.telemetry import log
from earwitness.trust.identity import Identity
from earwitness.trust.tls import ServerContext, review_client_context, web_server_context
from earwitness.web.desk_api import DeskEntrance, EntryRules, desk_router
from earwitness.web.lead_api import lead_router
from earwitness.web.pages import static_files
from earwitness.web.service_api import AtService, service_pages, service_router

OTHER_CHAINS: Final = ("household", "keys", "ledger")
REFRESH_SECONDS: Final = 3600.0
_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a service."""

    settings: ServiceSettings
    database: Database
    desk: Desk
    adjudication: Adjudication
    household: HouseholdAfar
    follow: FollowHousehold


def identity_of(settings: ServiceSettings) -> Identity:
    """Who the service is to a household over a network; the key is made at first use. Raises TrustError."""
    return Identity(_own(settings.folder) / "identity")


@contextlib.contextmanager
def service_of(settings: ServiceSettings) -> Iterator[Service]:
    """The service by its settings. Raises SettingsError (also if it can read the household's key), StorageError, TrustError."""
    refuse_reach(state_folder() / "keys" / "household.key")
    place = desk_file(_own(settings.folder))
    _own(place.parent)
    with contextlib.ExitStack() as closing:
        database = Database(settings.database or place, chain="desk")
        closing.callback(database.close)
        check_alone(database)
        line, renew = _line(settings)
        closing.callback(line.close)
        household = HouseholdAfar(line)
        desk = Desk(
            database,
            porter=household,
            clock=utc_now,
            lease_seconds=lambda: 60.0 * settings.lease_minutes,
            terms=desk_terms(settings),
            intents=household.intents,
        )
        adjudication = Adjudication(database, desk=desk, porter=household, clock=utc_now, intents=household.intents)
        follow = FollowHousehold(
            household,
            desk,
            take=lambda offered: take_up(offered, desk),
            check=lambda: _check_apart(household),
            renew=lambda: renew(household),
        )
        yield Service(
            settings=settings, database=database, desk=desk, adjudication=adjudication, household=household, follow=follow
        )


def _own(folder: Path) -> Path:
    """A folder that nobody but this account may look into. Raises SettingsError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise SettingsError(f"The folder {folder} cannot be made or used: {error.strerror}.") from error
    return folder


def _line(settings: ServiceSettings) -> tuple[Line, Callable[[HouseholdAfar], None]]:
    if settings.household.startswith("/"):
        return Line(dial_here(Path(settings.household))), lambda household: None
    host, port = read_host_and_port(settings.household)
    identity = identity_of(settings)
    if not identity.is_paired:
        raise TrustError(
            "The household does not know this service yet: `earwitness review key` says what to do.", code="trust.certificate"
        )
    return Line(dial_there(host, port, context=lambda: review_client_context(identity))), partial(_renew, identity)


def _renew(identity: Identity, household: HouseholdAfar) -> None:
    """A new certificate from thirty days before the end of the old one. Raises TrustError, NetworkError."""
    if not identity.is_renewal_due(now=utc_now()):
        return
    made = household.renew()
    try:
        voucher = base64.b64decode(made.voucher, validate=True)
    except binascii.Error as error:
        raise TrustError("The household's voucher cannot be read.", code="trust.certificate") from error
    identity.renew(made.certificate, successor=made.successor or None, voucher=voucher)


def _check_apart(household: HouseholdAfar) -> None:
    """Raises SettingsError if this process could read the household's key; NetworkError while the household is away."""
    if key_file := household.key_file():
        refuse_reach(Path(key_file))


def refuse_reach(key_file: Path) -> None:
    """Raises SettingsError if this process may read the household's key."""
    if os.access(key_file, os.R_OK):
        raise SettingsError(
            f"The review service could read the household's key ({key_file}): let it run as an account of its own that cannot, "
            "as docs/review.md shows."
        )


def check_alone(database: Database) -> None:
    """Raises SettingsError if the desk's database is the household's too, or its role may do more than any other."""
    if database.is_sqlite:
        return
    with database.reading() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        is_mighty = connection.execute(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar()
    if is_mighty:
        raise SettingsError("The desk's role may read every database; make one by `earwitness review make-role`.")
    if tables & {f"revision_of_{chain}" for chain in OTHER_CHAINS}:
        raise SettingsError("The desk's database is the household's too; make one by `earwitness review make-role`.")


def service_app(
    desk: Desk,
    household: HouseholdAfar,
    *,
    adjudication: Adjudication,
    address: Address,
    sign_in_url: str,
    clock: Callable[[], datetime],
) -> Guard:
    """The pages and the API of a service. Raises NetworkError."""
    at_service = AtService(household, is_secure=address.is_secure, clock=clock)
    entrance = DeskEntrance(
        desk=desk,
        playback=Playback(desk, porter=household, clock=clock),
        rules=EntryRules,
        way=at_service.way,
        clock=clock,
        intents=household.intents,
    )
    return make_service_app(
        address=address,
        routers=[
            service_pages(sign_in_url=sign_in_url),
            service_router(at_service, household),
            desk_router(entrance),
            lead_router(entrance, adjudication),
        ],
        static=static_files(),
        who=at_service.visitor,
        clock=clock,
    )


async def serve_review(service: Service, *, say: Callable[[str], None]) -> None:
    """Listen, and serve until interrupted. Raises NetworkError, SettingsError."""
    chosen = service.settings
    address = Address(host=chosen.host, port=chosen.port, tls_certificate=chosen.tls_certificate, tls_key=chosen.tls_key)
    app = service_app(
        service.desk,
        service.household,
        adjudication=service.adjudication,
        address=address,
        sign_in_url=chosen.sign_in_url,
        clock=utc_now,
    )
    listener = bind(address)
    is_there = await asyncio.to_thread(service.follow.look)
    say(f"Review is served at {address.page_url(listener.getsockname()[1])}. Ctrl+C stops it.")
    if not is_there:
        say("The household does not answer yet; tasks come once it does.")
    certificate, key = chosen.tls_certificate, chosen.tls_key
    tls = ServerContext(lambda: (certificate, key), make=web_server_context) if certificate and key else None
    server = http_server(app, address, context=tls.context if tls else None)
    try:
        await _run(service.follow, server.serve(sockets=[listener]), tls=tls)
    except BaseExceptionGroup as group:
        refused, others = group.split(SettingsError)
        if refused is None or others is not None:
            raise
        raise _first(refused) from group


async def _run(follow: FollowHousehold, serving: Coroutine[object, object, None], *, tls: ServerContext | None) -> None:
    async with asyncio.TaskGroup() as tasks:
        jobs = [tasks.create_task(follow.run())]
        if tls is not None:
            jobs.append(tasks.create_task(_stay_certified(tls)))
        try:
            await serving
        finally:
            for job in jobs:
                job.cancel()


def _first(group: BaseExceptionGroup[SettingsError]) -> SettingsError:
    found = group.exceptions[0]
    return found if isinstance(found, SettingsError) else _first(found)


async def _stay_certified(tls: ServerContext) -> None:
    """Take a new certificate of the pages as soon as it lies in its place, looking once an hour."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            tls.refresh()
        except TrustError as error:
            log(_logger, "certificate not renewed", level=logging.WARNING, code=error.code)
