"""The routes of what is outside (links, contacts, confirmations) over a kept household, for tests; nothing is connected."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import APIRouter

from earwitness.domain.call import OutsideCall
from earwitness.domain.home import Area, Device, Home
from earwitness.domain.link import Outgoing
from earwitness.domain.message import Message
from earwitness.jobs.carry_messages import CarryMessages
from earwitness.links.alerts import Alerts
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.lists import Lists
from earwitness.links.simulated_home import SimulatedHome
from earwitness.links.switchboard import Switchboard
from earwitness.links.timers import Timers
from earwitness.people.confirmations import Confirmations
from earwitness.rights.rights import Rights
from earwitness.skills.inside import Inside, random_id
from earwitness.skills.interface import Parts
from earwitness.skills.messages import make
from earwitness.skills.registry import SkillSet
from earwitness.understand.sentences import own_manifests
from earwitness.vault.vault import Vault
from earwitness.web.calls_api import calls_router
from earwitness.web.confirmations_api import confirmations_router
from earwitness.web.contacts_api import contacts_router
from earwitness.web.links_api import FixedOutgoing, LinksDesk, links_router
from earwitness.web.messages_api import messages_router
from tests.unit.links.strange_links import OtherSide, strange_kind

DOOR = Device(device_id="lock.front_door", name="Front Door", domain="lock", area="Hall", state="locked")
LAMP = Device(device_id="light.lamp", name="Lamp", domain="light", area="Hall", state="off")
WITNESS = FixedOutgoing(
    title="Witnesses",
    about="Co-sign the ledger's head.",
    where="vault.witnesses in settings.toml",
    outgoing=(Outgoing(host="witness.example", sends="digests", is_encrypted=True),),
)


@dataclass
class Remembered:
    """A telephone with calls that were (web.calls_api.RecentCalls)."""

    calls: list[OutsideCall] = field(default_factory=list)

    def recent(self) -> list[OutsideCall]:
        return self.calls

    def forget(self, person_id: str) -> None:
        self.calls[:] = [one for one in self.calls if not one.is_seen_by(person_id)]


TELEPHONES = Remembered()


def outside_routers(rights: Rights, vault: Vault, *, clock: Callable[[], datetime]) -> list[APIRouter]:
    """Put together as `build` does, with one strange kind of link."""
    database, log = rights.people.database, rights.people.accounts.log
    configured = ConfiguredLinks(database, safe=lambda: vault.safe, kinds=[strange_kind(OtherSide())], clock=clock)
    board = Switchboard(configured, clock=clock)
    return [
        links_router(LinksDesk(configured=configured, board=board, fixed=lambda: (WITNESS,), log=log)),
        contacts_router(rights.belongings.contacts, people=rights.people.all, log=log, clock=clock),
        calls_router(lambda: TELEPHONES),
        confirmations_router(Confirmations(database), devices=lambda: (DOOR, LAMP), people=rights.people.all, log=log),
        _messages(rights, clock=clock),
    ]


def _messages(rights: Rights, *, clock: Callable[[], datetime]) -> APIRouter:
    """Messages inside the house, written by the skill; no link carries any."""
    database, box = rights.people.database, rights.belongings.messages

    async def announce(message: Message) -> None:
        pass

    office = CarryMessages(
        box,
        serving=tuple,
        switched_on=tuple,
        people=rights.people.all,
        contacts=rights.belongings.contacts.of,
        announce=announce,
        new_id=random_id,
        clock=clock,
    )
    alerts = Alerts(database, clock=clock)
    inside = Inside(
        alerts=alerts,
        timers=Timers(alerts),
        lists=Lists(database),
        people=rights.people.all,
        contacts=rights.belongings.contacts,
        policy=Confirmations(database).policy,
        post=office,
    )
    manifest = next(one for one in own_manifests() if one.name == "messages")
    home = SimulatedHome(Home(name="Villa", is_simulated=True, areas=(Area(name="Kitchen"),)))
    skills = SkillSet([(manifest, make(Parts(clock=clock, home=home, inside=inside)))])
    return messages_router(
        box,
        post=lambda: office,
        perform=lambda intent, context: skills.perform(intent, context=context),
        people=rights.people.all,
        devices=tuple,
        keeps=lambda person_id: rights.keeping(person_id) is not None,
        rooms=lambda: [area.name for area in home.snapshot().areas],
    )
