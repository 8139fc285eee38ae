"""The channel between a household of the tests and a review service: a real socket, served by an event loop in a thread."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from earwitness.build.review_counter import ServiceKey, counter_of
from earwitness.build.reviewed import desk_entrance
from earwitness.config import ReviewSettings
from earwitness.domain.account import Permission
from earwitness.review.counter import Counter
from earwitness.review.visits import Visits
from earwitness.server.review_channel import ReviewChannel
from earwitness.trust.authority import Authority
from tests.houses_kept import KeptHouse


def counter(house: KeptHouse, *, settings: ReviewSettings | None = None) -> tuple[Counter, Visits]:
    """What the review service may ask of that house, and its visits."""
    entrance = desk_entrance(
        house.review, people=house.people, settings=settings or ReviewSettings(), clock=house.clock, intents=lambda: ()
    )
    visits = Visits(house.database, clock=house.clock)
    made = counter_of(
        house.review,
        entrance,
        sign_ins=house.people.accounts.sign_ins,
        visits=visits,
        service_key=service_key(house),
        key_file=house.folder / "keys" / "household.key",
        intents=lambda: ("HassTurnOff", "HassTurnOn"),
        reviewers=lambda: [one.alias for one in house.people.all() if one.may(Permission.REVIEW)],
    )
    return made, visits


def service_key(house: KeptHouse) -> ServiceKey:
    return ServiceKey(house.folder / "keys", authority=Authority(house.folder / "keys", clock=house.clock))


@contextlib.contextmanager
def running(channel: ReviewChannel, listener: socket.socket) -> Iterator[None]:
    """The channel, served meanwhile; afterwards every connection is over, as after a crash."""
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await channel.run(listener)

    task = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(lambda: [one.cancel() for one in asyncio.all_tasks(loop)])
        thread.join(20)
        loop.close()
        listener.close()


def socket_path(folder: Path) -> Path:
    return folder / "review.sock"
