"""A process that carries messages by XMPP until it is killed (test_messages_carried.py); it prints a line before each one."""

import asyncio
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from earwitness.domain.link import ConfiguredLink, LinkState, LinkStatus
from earwitness.domain.message import Message
from earwitness.jobs.carry_messages import CarryMessages
from earwitness.links.message_box import MessageBox
from earwitness.links.switchboard import Serving
from earwitness.links.xmpp import XmppLink
from earwitness.storage.database import Database
from tests.links.message_servers import DOMAIN, PASSWORD
from tests.unit.links.link_seats import running
from tests.unit.skills.post import ANNA, BEN, XMPP, PlainSafe


def now() -> datetime:
    return datetime.now(UTC)


def office(database: Database, link: XmppLink) -> CarryMessages:
    """The post office of one process; its link works."""
    box = MessageBox(database, safe=PlainSafe(), keeps_for=lambda person_id: timedelta(days=1), clock=now)
    configured = ConfiguredLink(link_id=XMPP, kind="xmpp", name="ours", options={}, created_at=now(), changed_at=now())
    serving = Serving(configured=configured, link=link, status=LinkStatus(state=LinkState.WORKS, sentence="", since=now()))

    async def announce(message: Message) -> None:
        pass

    return CarryMessages(
        box,
        serving=lambda: (serving,),
        switched_on=lambda: {XMPP},
        people=lambda: (ANNA, BEN),
        contacts=lambda person_id: (),
        announce=announce,
        new_id=lambda: secrets.token_hex(16),
        clock=now,
    )


def link_of(told: CarryMessages | None, *, port: int, ca_file: Path) -> XmppLink:
    return XmppLink(
        link_id=XMPP,
        address=f"anna@{DOMAIN}",
        password=PASSWORD,
        post=told,  # type: ignore[arg-type]  # nothing comes in here
        server=("127.0.0.1", port),
        ca_file=ca_file,
    )


class _Telling(XmppLink):
    async def send(self, address: str, text: str, *, message_id: str):  # type: ignore[no-untyped-def]
        print("sending", flush=True)
        return await super().send(address, text, message_id=message_id)


async def main(folder: Path, port: int, ca_file: Path) -> None:
    link = link_of(None, port=port, ca_file=ca_file)
    link.__class__ = _Telling
    async with running(link) as works:
        await works.until_works()
        await office(Database(folder / "household.db", chain="household"), link).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
