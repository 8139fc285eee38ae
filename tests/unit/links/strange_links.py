"""A kind of link for tests of what runs links: it does what its other side, which is here in the process, is told to do."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from earwitness.domain.errors import LinkError
from earwitness.domain.link import LinkRole, Outgoing
from earwitness.links.link_kind import LinkKind, LinkOptions, Report, Seat, SecretField


class StrangeOptions(LinkOptions):
    host: str = Field(title="Host", description="Where it is.", min_length=1, max_length=200)
    port: int = Field(default=4711, title="Port", description="Its port.", ge=1, le=65535)
    way: Literal["loud", "soft"] = Field(default="soft", title="Way", description="How it is done.")
    rooms: tuple[str, ...] = Field(default=(), title="Rooms", description="Where, a line each.")


@dataclass
class OtherSide:
    """What links connect to. `answer` is what connecting comes to: None works, an error is raised; `hangs` never answers."""

    answer: Exception | None = None
    hangs: bool = False
    check_answer: Exception | None = None
    password: str = ""
    """If it is set, any other one is refused."""
    connected: list["StrangeLink"] = field(default_factory=list)
    tries: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    def cut_off(self) -> None:
        """End all connections."""
        self.cut.set()
        self.cut = asyncio.Event()


class StrangeLink:
    def __init__(self, seat: Seat[StrangeOptions], other: OtherSide) -> None:
        self.seat = seat
        self.other = other

    async def run(self, report: Report) -> None:
        other = self.other
        other.tries += 1
        if other.hangs:
            await asyncio.Event().wait()
        if other.password and self.seat.secret("password") != other.password:
            raise LinkError("It refuses the password; enter the right one.", code="link.refused")
        if other.answer is not None:
            raise other.answer
        other.connected.append(self)
        try:
            report.works(f"Connected to port {self.seat.options.port}.")
            report.used()
            await other.cut.wait()
        finally:
            other.connected.remove(self)
        raise LinkError("It went away.", code="link.unreachable")

    async def check(self) -> None:
        if self.other.check_answer is not None:
            raise self.other.check_answer


def strange_kind(other: OtherSide, *, name: str = "strange", role: LinkRole = LinkRole.MUSIC) -> LinkKind[StrangeOptions]:
    return LinkKind(
        name=name,
        title="Strange",
        about="Does what tests say. Sends nothing at all.",
        role=role,
        options=StrangeOptions,
        secrets=(SecretField(name="password", title="Password"), SecretField(name="token", title="Token", is_needed=False)),
        outgoing=lambda options: (Outgoing(host=f"{options.host}:{options.port}", sends="nothing", is_encrypted=False),),
        make=lambda seat: StrangeLink(seat, other),
        most=3,
    )
