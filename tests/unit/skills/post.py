"""A post office for trials of the skill: the real box and the real carrier over links that are made here."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from earwitness.domain.contact import Address, Channel, Contact, Relation
from earwitness.domain.errors import LinkError
from earwitness.domain.link import ConfiguredLink, LinkState, LinkStatus
from earwitness.domain.message import Message, MessageState
from earwitness.domain.person import Person
from earwitness.jobs.carry_messages import CarryMessages
from earwitness.links.link_kind import Report
from earwitness.links.message_box import MessageBox
from earwitness.links.switchboard import Serving
from earwitness.storage.database import Database
from earwitness.storage.household import people

NOW = datetime(2026, 11, 24, 15, 7, 30, tzinfo=UTC)
XMPP = "aa" * 16


@dataclass
class PlainSafe:
    """Seals nothing, but remembers which drawers are gone."""

    gone: set[str] = field(default_factory=set)

    def seal(self, plain: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes:
        return f"{drawer} {row_id} {revision} ".encode() + plain

    def open(self, sealed: bytes, *, drawer: str, row_id: str, revision: int = 0) -> bytes:
        bound = f"{drawer} {row_id} {revision} ".encode()
        assert sealed.startswith(bound)
        return sealed.removeprefix(bound)


@dataclass
class Line:
    """A MessageLink that does as it is told: gives a state, raises an error, or waits."""

    channels: tuple[Channel, ...] = (Channel.XMPP,)
    name_of_way: str = "XMPP"
    tells_delivery: bool = True
    owner_id: str | None = None
    answer: MessageState | LinkError | None = MessageState.SENT
    known_fate: MessageState | None = None
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    handed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, report: Report) -> None:
        await asyncio.Event().wait()

    async def check(self) -> None:
        pass

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        self.sent.append((address, text, message_id))
        self.handed.set()
        if isinstance(self.answer, LinkError):
            raise self.answer
        if self.answer is None:
            await asyncio.Event().wait()
        assert isinstance(self.answer, MessageState)
        return self.answer

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        return self.known_fate


def person(name: str) -> Person:
    return Person(
        person_id=name.casefold().ljust(32, "0"),
        name=name,
        alias=name,
        created_at=NOW,
        restricted_at=None,
        saw_listens_at=NOW,
        is_told_aloud=False,
    )


ANNA, BEN = person("Anna"), person("Ben")


def put_people(database: Database) -> None:
    """Anna and Ben as rows, for what belongs to them."""
    with database.writing() as connection:
        for one in (ANNA, BEN):
            stamp = one.created_at.timestamp()
            values = {
                "person_id": one.person_id,
                "name": one.name,
                "name_key": one.name,
                "passphrase_hash": "",
                "alias": one.alias,
                "created_at": stamp,
                "saw_listens_at": stamp,
            }
            connection.execute(people.insert().values(values))


def contact(
    name: str, value: str, *, channel: Channel = Channel.XMPP, relation: str = "", aliases: tuple[str, ...] = ()
) -> Contact:
    relations = (Relation(person_id=ANNA.person_id, word=relation),) if relation else ()
    return Contact(
        contact_id=secrets.token_hex(16),
        owner_id=ANNA.person_id,
        name=name,
        aliases=aliases,
        relations=relations,
        addresses=(Address(channel=channel, value=value),),
        changed_at=NOW,
    )


def message(number: int = 1, **changes: object) -> Message:
    """One of Anna's to Tom, by the XMPP line."""
    made = Message(
        message_id=f"{number:032x}",
        person_id=ANNA.person_id,
        is_incoming=False,
        link_id=XMPP,
        address="tom@example.org",
        name="Tom",
        text="I am late.",
        state=MessageState.WAITING,
        created_at=NOW + timedelta(seconds=number),
        changed_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


CONTACTS = (
    contact("Margaret", "margaret@example.org", relation="mother"),
    contact("Tom", "tom@example.org"),
    contact("Tim", "tim@example.org"),
    contact("Doctor Miller", "+4930123456", channel=Channel.PHONE),
)


@dataclass
class Book:
    """Anna's contacts."""

    contacts: Sequence[Contact] = CONTACTS

    def of(self, person_id: str | None) -> tuple[Contact, ...]:
        return tuple(self.contacts) if person_id == ANNA.person_id else ()


@dataclass
class Post:
    """A box in a folder with one XMPP line; `keeps` is for how long text is kept."""

    folder: Path
    database: Database
    keeps: timedelta | None = None
    at: datetime = NOW
    line: Line = field(default_factory=Line)
    state: LinkState = LinkState.WORKS
    is_made: bool = True
    switched_on: frozenset[str] = frozenset((XMPP,))
    announced: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.box = MessageBox(self.database, safe=PlainSafe(), keeps_for=lambda person_id: self.keeps, clock=lambda: self.at)
        self.office = self.new_office()

    def new_office(self) -> CarryMessages:
        """Another process, as after a crash."""

        async def announce(message: Message) -> None:
            self.announced.append(message)

        return CarryMessages(
            self.box,
            serving=self.serving,
            switched_on=lambda: self.switched_on,
            people=lambda: (ANNA, BEN),
            contacts=Book().of,
            announce=announce,
            new_id=lambda: secrets.token_hex(16),
            clock=lambda: self.at,
        )

    @contextlib.asynccontextmanager
    async def carrying(self) -> AsyncIterator[None]:
        """Let the office carry while the block runs."""
        task = asyncio.create_task(self.office.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, holds: Callable[[], bool]) -> None:
        """Poll until it holds."""
        async with asyncio.timeout(20.0):
            while not holds():  # noqa: ASYNC110 - what is awaited is anything
                await asyncio.sleep(0.01)

    def serving(self) -> tuple[Serving, ...]:
        if not self.is_made:
            return ()
        configured = ConfiguredLink(link_id=XMPP, kind="xmpp", name="ours", options={}, created_at=NOW, changed_at=NOW)
        status = LinkStatus(state=self.state, sentence="The XMPP server cannot be reached.", since=NOW)
        return (Serving(configured=configured, link=self.line, status=status),)
