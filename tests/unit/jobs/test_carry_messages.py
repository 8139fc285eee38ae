"""Carrying messages: what a crash leaves, what a link told late, who hears that one came, and where nobody does."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context
from earwitness.domain.message import Aloud, Arrival, MessageState
from earwitness.jobs.announce_messages import AnnounceMessages
from earwitness.links.message_box import WAITS_AT_MOST
from earwitness.storage.database import Database
from tests.unit.skills.post import ANNA, BEN, XMPP, Line, Post, message, put_people

S = MessageState


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    database = Database(tmp_path / "household.db", chain="household")
    put_people(database)
    yield Post(folder=tmp_path, database=database)
    database.close()


def state(post: Post, number: int = 1) -> MessageState | None:
    found = post.box.find(message(number).message_id)
    return found.state if found else None


@pytest.mark.parametrize(
    ("fate", "ends", "sends"),
    [(None, S.UNKNOWN, 0), (S.SENT, S.SENT, 0), (S.FAILED, S.FAILED, 0), (S.WAITING, S.SENT, 1)],
)
async def test_after_a_crash_it_is_sent_again_only_where_that_cannot_double_it(
    post: Post, fate: MessageState | None, ends: MessageState, sends: int
) -> None:
    post.box.add(message())
    assert post.box.claim(XMPP) is not None  # and there the process ended
    post.line = Line(known_fate=fate)
    post.office = post.new_office()
    async with post.carrying():
        await post.until(lambda: state(post) is ends)
    assert len(post.line.sent) == sends
    if ends is S.UNKNOWN:
        await post.office.told(XMPP, message().message_id, S.DELIVERED)
        assert state(post) is S.DELIVERED


async def test_after_a_crash_a_link_that_is_not_made_yet_is_waited_for(post: Post) -> None:
    post.box.add(message())
    assert post.box.claim(XMPP) is not None  # and there the process ended
    post.line, post.is_made = Line(known_fate=S.WAITING), False
    post.office = post.new_office()
    await post.office._ask_fates()
    assert state(post) is S.SENDING
    async with post.carrying():
        post.is_made = True
        post.office.look()
        await post.until(lambda: state(post) is S.SENT)
    assert len(post.line.sent) == 1


@pytest.mark.parametrize("is_gone", [True, False], ids=["it is gone", "it never works"])
async def test_after_a_crash_nobody_knows_where_the_link_tells_nothing(post: Post, is_gone: bool) -> None:
    post.box.add(message())
    assert post.box.claim(XMPP) is not None
    post.is_made = False
    if is_gone:
        post.switched_on = frozenset()
    else:
        post.at += WAITS_AT_MOST
    await post.office._ask_fates()
    assert state(post) is S.UNKNOWN


@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
async def test_what_went_by_a_link_that_tells_nothing_more_is_over_once_it_is_sent(post: Post, is_late: bool) -> None:
    post.line.tells_delivery = False
    if is_late:
        post.line.answer = LinkError("It did not say.", code="link.unconfirmed")
    async with post.carrying():
        await post.office.send(message(), seconds=20.0)
        if is_late:
            assert state(post) is S.UNKNOWN
            await post.office.told(XMPP, message().message_id, S.SENT)
        await post.until(lambda: state(post) is S.SENT)
    kept = post.box.find(message().message_id)
    assert kept is not None
    assert kept.text is None, "its person keeps nothing"


async def test_what_could_not_be_handed_over_goes_once_the_link_works(post: Post) -> None:
    post.line.answer = LinkError("Nobody there.", code="link.unreachable")
    async with post.carrying():
        await post.office.send(message(), seconds=0.2)
        await post.until(lambda: len(post.line.sent) == 1)
        await post.until(lambda: state(post) is S.WAITING)
        post.line.answer = S.SENT
        post.office.look()
        await post.until(lambda: state(post) is S.SENT)


async def test_what_cannot_be_handed_over_is_tried_more_and_more_seldom(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earwitness.jobs.carry_messages.LOOK_EVERY_SECONDS", 0.02)
    post.line.answer = LinkError("Nobody there.", code="link.unreachable")
    post.box.add(message())
    async with post.carrying():
        await post.until(lambda: len(post.line.sent) == 5)
        (pause, _) = post.office._pauses[XMPP]
        assert pause >= 0.02 * 8
        post.line.answer = S.SENT
        post.office.look()
        await post.until(lambda: state(post) is S.SENT)
        assert XMPP not in post.office._pauses


async def test_a_link_that_breaks_otherwise_leaves_it_unknown_and_goes_on(post: Post) -> None:
    async def breaks(address: str, text: str, *, message_id: str) -> MessageState:
        raise RuntimeError("a fault")

    sends, post.line.send = post.line.send, breaks  # type: ignore[method-assign]
    async with post.carrying():
        assert (await post.office.send(message(1), seconds=5.0)).state is S.UNKNOWN
        post.line.send = sends  # type: ignore[method-assign]
        assert (await post.office.send(message(2), seconds=5.0)).state is S.SENT


async def test_a_message_that_comes_twice_is_told_once_and_a_stranger_cannot_change_ours(post: Post) -> None:
    arrival = Arrival(address="TOM@example.org", text="Hello.", outside_id="1")
    await post.office.arrived(XMPP, arrival)
    await post.office.arrived(XMPP, arrival)
    assert len(post.announced) == 1
    post.box.add(message())
    await post.office.told("bb" * 16, message().message_id, S.FAILED)
    assert state(post) is S.WAITING


async def test_a_message_for_who_is_gone_or_not_known_yet_comes_into_no_box(post: Post) -> None:
    for owner_id in ("", "cc" * 16):
        post.line.owner_id = owner_id
        with pytest.raises(LinkError):
            await post.office.arrived(XMPP, Arrival(address="tom@example.org", text="A secret.", outside_id="1"))
    post.line.owner_id = None
    with pytest.raises(LinkError):
        await post.office.arrived("bb" * 16, Arrival(address="tom@example.org", text="A secret.", outside_id="1"))
    assert post.box.of(None) == ()
    assert post.announced == []


@dataclass
class Room:
    """Who is there, and what each of them heard."""

    there: dict[str, Context]
    heard: dict[str, list[str]] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)

    async def tell(self, sentence: str, spares: Callable[[Context], bool]) -> bool:
        await asyncio.sleep(0)
        heard = [name for name, context in self.there.items() if not spares(context)]
        for name in heard:
            self.heard.setdefault(name, []).append(sentence)
        return bool(heard)

    def is_quiet(self, context: Context) -> bool:
        return (context.device_id or "") in self.quiet


async def test_who_hears_of_a_message_is_its_persons_choice(post: Post) -> None:
    room = Room(
        there={
            "kitchen": Context(area="Kitchen", device_id="kitchen"),
            "bedroom": Context(area="Bedroom", device_id="bedroom"),
            "den": Context(area="Den", device_id="den"),
            "Anna's page": Context(person_id=ANNA.person_id),
            "Ben's page": Context(person_id=BEN.person_id),
        }
    )
    names = {one.person_id: one.name for one in (ANNA, BEN)}
    announces = AnnounceMessages(post.box, tell=room.tell, names=lambda: names, is_quiet=room.is_quiet)
    post.line.owner_id = ANNA.person_id
    await post.office.arrived(XMPP, Arrival(address="tom@example.org", text="A secret.", outside_id="1"))
    (arrived,) = post.announced
    post.box.choose_aloud(ANNA.person_id, "bedroom", Aloud.READS)
    post.box.choose_aloud(ANNA.person_id, "den", Aloud.NOTHING)
    assert await announces.say(arrived.message_id)
    full = 'A message from Tom. Say "read my messages" to hear it.'
    assert room.heard == {
        "kitchen": ["Anna, there is a message for you."],
        "bedroom": [full],
        "Anna's page": [full],
    }
    room.heard.clear()
    room.quiet = {"kitchen", "bedroom", ""}
    assert not await announces.say(arrived.message_id)
    assert room.heard == {}
    room.quiet.clear()
    note = replace(message(9), person_id=None, link_id=None, address="", area="Den")
    await post.office.leave(note, to=None, sender="Ben")
    assert await announces.say(post.announced[-1].message_id)
    assert room.heard == {"den": ['A note from Ben. Say "read my messages" to hear it.']}, "a note in a room is told there alone"
    post.box.read([arrived.message_id])
    assert await announces.say(arrived.message_id), "there is nothing to say any more"
