"""Messages by what people say: whom, which words, read back, sent or not, asked after, read out, answered, left in the house."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.account import Scope
from earwitness.domain.confirmation import Act, Confirmation, ConfirmationPolicy, Speaker
from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context
from earwitness.domain.link import LinkState
from earwitness.domain.message import Aloud, Arrival, MessageState
from earwitness.domain.turn import Outcome
from earwitness.skills.messages import NOT_FOR_TOKENS
from earwitness.storage.database import Database
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, House, house
from tests.unit.skills.post import ANNA, BEN, XMPP, Book, Post, put_people
from tests.unit.skills.talking import Talk


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(HOME)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    database = Database(tmp_path / "household.db", chain="household")
    put_people(database)
    yield Post(folder=tmp_path, database=database)
    database.close()


@pytest.fixture
def made(tmp_path: Path, post: Post) -> House:
    return house(
        tmp_path,
        database=post.database,
        post=post.office,
        contacts=Book(),
        people=(ANNA, BEN),
    )


@pytest.fixture
async def talk(made: House, post: Post, grammar: Grammar) -> Talk:
    return Talk(house=made, grammar=grammar, here=Context(area="Kitchen", person_id=ANNA.person_id))


@pytest.fixture(autouse=True)
async def carrying(post: Post) -> AsyncIterator[None]:
    async with post.carrying():
        yield


@pytest.mark.parametrize(
    ("said", "to", "text"),
    [
        ("Text Mum I am late.", "margaret@example.org", "I am late."),
        ("text my mum that I'm late", "margaret@example.org", "I'm late."),
        ("Text Margaret, I am late", "margaret@example.org", "I am late."),
        ("send a message to Tom saying dinner is at seven", "tom@example.org", "Dinner is at seven."),
        ("send Tom a text saying that dinner is at seven", "tom@example.org", "Dinner is at seven."),
        ("message Tom what time is it there", "tom@example.org", "What time is it there."),
        ("let Tom know that the lights are on", "tom@example.org", "The lights are on."),
        ("text Tom turn off the lights when you leave", "tom@example.org", "Turn off the lights when you leave."),
    ],
)
async def test_a_message_is_read_back_and_sent_after_a_yes(talk: Talk, post: Post, said: str, to: str, text: str) -> None:
    asked = await talk.result(said)
    name = "Margaret" if to.startswith("margaret") else "Tom"
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, f'To {name} by XMPP: "{text}" Shall I send it?')
    assert not post.line.sent
    sent = await talk.result("yes")
    assert (sent.outcome, sent.reply) == (Outcome.DONE, f"Sent to {name}.")
    assert [(address, words) for address, words, _ in post.line.sent] == [(to, text)]
    assert (
        await talk.say(f"did {name} get my message")
        == f"Your message to {name} was sent. I have not heard that it was delivered."
    )
    await post.office.told(XMPP, post.line.sent[0][2], MessageState.DELIVERED)
    assert await talk.say("was my message delivered") == f"Your message to {name} was delivered."


async def test_what_is_missing_is_asked_and_words_are_never_taken_for_a_request(talk: Talk, post: Post) -> None:
    assert await talk.say("message Tom") == "What shall I say?"
    assert await talk.say("turn on the counter light") == 'To Tom by XMPP: "Turn on the counter light." Shall I send it?'
    assert await talk.say("yes send it") == "Sent to Tom."
    assert talk.house.state("Counter Light") == "off"
    assert await talk.say("send a message to Tom") == "What shall I say?"
    assert await talk.say("never mind")
    assert len(post.line.sent) == 1


async def test_it_is_left_after_a_no_and_changed_before_a_yes(talk: Talk, post: Post) -> None:
    await talk.say("text Tom I am late")
    assert await talk.say("no") == "All right, I leave it."
    await talk.say("text Tom I am late")
    assert await talk.say("change it to I am very late") == 'To Tom by XMPP: "I am very late." Shall I send it?'
    assert await talk.say("no, make it I am not coming") == 'To Tom by XMPP: "I am not coming." Shall I send it?'
    assert await talk.say("send it") == "Sent to Tom."
    assert [words for _, words, _ in post.line.sent] == ["I am not coming."]
    assert await talk.say("change it to something else") == "There is no message to change."


async def test_whom_it_is_for_is_asked_where_names_are_near_and_said_where_nobody_is_known(talk: Talk, post: Post) -> None:
    near = await talk.result("send a message to Tem saying hello there")
    assert near.outcome is Outcome.ASKED
    assert "Tom" in near.reply
    assert "Tim" in near.reply
    assert await talk.say("Tim") == 'To Tim by XMPP: "Hello there." Shall I send it?'
    assert "nobody called Zacharias" in await talk.say("send a message to Zacharias saying hello")
    assert await talk.say("text Doctor Miller I am ill") == "I have no address of Doctor Miller for XMPP."


@pytest.mark.parametrize(
    ("answer", "outcome", "told"),
    [
        (
            LinkError("The XMPP server cannot be reached.", code="link.unreachable"),
            Outcome.FAILED,
            "It is not sent yet. The XMPP",
        ),
        (LinkError("That is no address.", code="link.refused"), Outcome.FAILED, "was not delivered. That is no address."),
        (
            LinkError("It did not say.", code="link.unconfirmed"),
            Outcome.FAILED,
            "I do not know whether your message to Tom was sent",
        ),
        (None, Outcome.FAILED, "XMPP has not confirmed it yet."),
        (MessageState.DELIVERED, Outcome.DONE, "Delivered to Tom."),
    ],
)
async def test_only_what_the_link_confirmed_is_said(
    talk: Talk, post: Post, answer: MessageState | LinkError | None, outcome: Outcome, told: str
) -> None:
    post.line.answer = answer
    await talk.say("text Tom I am late")
    result = await talk.result("yes")
    assert result.outcome is outcome
    assert told in result.reply


async def test_what_cannot_go_now_waits_can_be_taken_back_and_goes_out_later(talk: Talk, post: Post) -> None:
    post.state = LinkState.UNREACHABLE
    await talk.say("text Tom the first")
    assert (await talk.say("yes")).startswith("It is not sent yet. The XMPP server cannot be reached.")
    assert "waits and is not sent yet" in await talk.say("did Tom get my message")
    assert await talk.say("take back my last message") == "I took it back; it was not sent to Tom."
    await talk.say("text Tom the second")
    await talk.say("yes")
    post.state = LinkState.WORKS
    post.office.look()
    await post.until(lambda: [words for _, words, _ in post.line.sent] == ["The second."])
    assert (await talk.say("take back my last message")).startswith("It cannot be taken back any more.")


async def test_new_messages_are_read_once_can_be_heard_again_and_answered(talk: Talk, post: Post) -> None:
    assert await talk.say("any new messages") == "No new message."
    await arrives(post, "margaret@example.org", "Where are you?")
    await arrives(post, "stranger@example.org", "Buy this")
    for_anna = replace(post.announced[0], name="Margaret")
    assert for_anna.person_id == ANNA.person_id
    said = await talk.say("read my messages")
    assert said == "2 messages. From Margaret at 3:07 PM: Where are you? From stranger@example.org at 3:07 PM: Buy this."
    assert await talk.say("do I have any messages") == "No new message."
    assert "Where are you?" in await talk.say("read my messages again")
    assert await talk.say("what did Margaret write me") == "No new message from Margaret."


async def test_a_reply_goes_back_the_way_it_came(talk: Talk, post: Post) -> None:
    assert await talk.say("reply that I am on my way") == "There is no message to reply to."
    await arrives(post, "margaret@example.org", "Where are you?")
    await talk.say("read my messages")
    assert await talk.say("reply that I am on my way") == 'To Margaret by XMPP: "I am on my way." Shall I send it?'
    assert await talk.say("yes") == "Sent to Margaret."
    assert await talk.say("text back") == "What shall I say?"


async def test_a_message_is_left_in_the_house_and_read_by_whom_it_is_for(
    made: House, post: Post, grammar: Grammar, talk: Talk
) -> None:
    ben = Talk(house=made, grammar=grammar, here=Context(person_id=BEN.person_id))
    asked = await talk.say("leave a message for Ben saying the plumber comes at ten")
    assert asked == 'A message for Ben here in the house: "The plumber comes at ten." Shall I leave it?'
    assert await talk.say("yes") == "I left it for Ben."
    assert post.announced[-1].person_id == BEN.person_id
    assert await talk.say("did Ben get my message") == "Your message to Ben is in the inbox here."
    assert await talk.say("read my messages") == "No new message."
    assert await ben.say("any messages for me") == "From Anna at 3:07 PM: The plumber comes at ten."
    assert (
        await ben.say("reply that is fine with me")
        == 'A message for Anna here in the house: "Is fine with me." Shall I leave it?'
    )
    await ben.say("yes")
    assert "Is fine with me" in await talk.say("read my messages")
    assert await talk.say("leave a message for Zacharias saying hello") == (
        "Nobody called Zacharias lives here, and no room is called so."
    )


async def test_a_note_in_a_room_is_read_there_and_on_pages_alone(made: House, grammar: Grammar, post: Post, talk: Talk) -> None:
    asked = await talk.say("leave a note in the kitchen saying dinner is in the oven")
    assert asked == 'A note in the kitchen: "Dinner is in the oven." Shall I leave it there?'
    assert await talk.say("yes") == "I left it in the kitchen."
    assert (post.announced[-1].person_id, post.announced[-1].area) == (None, "Kitchen")
    assert await talk.say("was my message delivered") == "Your note is in the kitchen."
    bedroom = Talk(house=made, grammar=grammar, here=Context(area="Bedroom", device_id="bedroom"))
    assert await bedroom.say("any messages") == "No new message."
    kitchen = Talk(house=made, grammar=grammar, here=Context(area="Kitchen", device_id="kitchen"))
    assert await kitchen.say("any notes here") == "From Anna at 3:07 PM: Dinner is in the oven."
    await talk.say("leave a message for the lounge saying the cat is in there")
    await talk.say("yes")
    ben = Talk(house=made, grammar=grammar, here=Context(person_id=BEN.person_id))
    assert await ben.say("read my messages") == "In the living room from Anna at 3:07 PM: The cat is in there."


async def test_a_satellite_reads_nobodys_messages_to_others_unless_they_chose_so(
    made: House, post: Post, grammar: Grammar, talk: Talk
) -> None:
    kitchen = Talk(house=made, grammar=grammar, here=Context(area="Kitchen", device_id="kitchen"))
    await arrives(post, "margaret@example.org", "A secret")
    assert await kitchen.say("any messages") == "No new message. There is a message for Anna, which I do not read here."
    post.box.choose_aloud(ANNA.person_id, "", Aloud.NOTHING)
    assert await kitchen.say("any messages") == "No new message."
    post.box.choose_aloud(ANNA.person_id, "kitchen", Aloud.READS)
    assert await kitchen.say("any messages") == "For Anna from Margaret at 3:07 PM: A secret."
    await kitchen.say("leave a message for everybody saying the cake is mine")
    assert await kitchen.say("yes") == "I left it for everybody."
    assert await talk.say("read my messages") == "From somebody in the kitchen at 3:07 PM: The cake is mine."


async def test_the_policy_is_kept(tmp_path: Path, post: Post, grammar: Grammar) -> None:
    policy = ConfirmationPolicy(
        chosen={(Act.MESSAGE, Speaker.ADULT): Confirmation.NONE, (Act.MESSAGE, Speaker.UNKNOWN): Confirmation.REFUSE}
    )
    made = house(tmp_path, database=post.database, post=post.office, contacts=Book(), people=(ANNA, BEN), policy=policy)
    anna = Talk(house=made, grammar=grammar, here=Context(person_id=ANNA.person_id))
    assert await anna.say("text Tom I am late") == "Sent to Tom."
    somebody = Talk(house=made, grammar=grammar, here=Context(device_id="k"))
    assert (await somebody.result("leave a message for Ben saying hello")).outcome is Outcome.REFUSED


async def test_who_is_unknown_writes_to_nobody_by_somebodys_account(made: House, post: Post, grammar: Grammar) -> None:
    post.line.owner_id = ANNA.person_id
    somebody = Talk(house=made, grammar=grammar, here=Context(device_id="k"))
    assert (await somebody.result("text Tom I am late")).outcome is Outcome.REFUSED
    ben = Talk(house=made, grammar=grammar, here=Context(person_id=BEN.person_id))
    assert (await ben.result("text Margaret I am late")).outcome is Outcome.REFUSED
    assert not post.line.sent


@pytest.mark.parametrize(
    "said", ["read my messages", "did Tom get my message", "text Tom I am late", "take back my last message"]
)
async def test_a_program_reads_and_sends_nothing(made: House, post: Post, grammar: Grammar, said: str) -> None:
    await arrives(post, "tom@example.org", "A secret.")
    program = Talk(house=made, grammar=grammar, here=Context(person_id=ANNA.person_id, scopes=frozenset({Scope.TALK})))
    refused = await program.result(said)
    assert (refused.outcome, refused.reply) == (Outcome.REFUSED, f"{NOT_FOR_TOKENS}.")
    assert [one.state for one in post.box.of(ANNA.person_id)] == [MessageState.NEW]


async def test_a_guess_opens_no_box(made: House, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    await arrives(post, "tom@example.org", "A secret.")
    monkeypatch.setattr(post.box, "of", lambda person_id: pytest.fail("a guess reads the box"))
    here = Context(person_id=ANNA.person_id)
    assert made.foresee("ReplyMessage", context=here, message="Yes.") is None
    assert made.foresee("SendMessage", context=here, message_to="Tom", message="Hello.") is None


async def test_without_a_post_office_it_says_so(home: House, grammar: Grammar) -> None:
    talk = Talk(house=home, grammar=grammar)
    assert await talk.say("read my messages") == "There are no messages here."


async def arrives(post: Post, address: str, text: str) -> None:
    """Something comes in for Anna."""
    post.line.owner_id = ANNA.person_id
    await post.office.arrived(XMPP, Arrival(address=address, text=text, outside_id=f"{address} {text}", sent_at=post.at))
    post.at += timedelta(milliseconds=1)
