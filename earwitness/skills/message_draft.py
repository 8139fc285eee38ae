"""A message before it is sent: whom it is for, by which way, with which words. Resolves and asks; sends nothing.

What was resolved is written into the slots of the intent, so that the answer to a question does not resolve it anew.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earwitness.domain.contact import Contact, relation_word
from earwitness.domain.home import Area
from earwitness.domain.intent import Context, Intent
from earwitness.domain.message import LONGEST_TEXT
from earwitness.domain.person import Person
from earwitness.skills.confirming import with_slots
from earwitness.skills.contact_choice import chosen_contact, found_contacts
from earwitness.skills.inside import Inside
from earwitness.skills.interface import ask, refuse, slot_text
from earwitness.skills.messages_port import PostOffice, Way
from earwitness.skills.wording import listed, sentence
from earwitness.understand.sounding import Named, matched, same_words

MOST_NAME_WORDS: Final = 4
EVERYBODY: Final = frozenset(
    ("everyone", "everybody", "all", "us", "the family", "the house", "the household", "the whole family", "the others")
)
NO_WAY: Final = "No way to send messages is set up here. An owner can add one on the page of links"
_SAID: Final = re.compile(
    r"(?P<to>(?:\S+ ){0,3}?\S+?)[,:]? (?:saying|that says|to say)(?: that)?[,:]? (?P<text>.+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Ready to be read back. Without a `way` it goes to an inbox of the house: of `address`, a person's id, or of everybody
    (""), as a note in a room if `area` names one."""

    name: str
    address: str
    way: Way | None
    text: str
    area: str = ""

    @property
    def read_back(self) -> str:
        """All of it, as a question."""
        if self.area:
            return f'A note in {self.name}: "{self.text}" Shall I leave it there?'
        if self.way is None:
            return f'A message for {self.name} here in the house: "{self.text}" Shall I leave it?'
        return f'To {self.name} by {self.way.name}: "{self.text}" Shall I send it?'


def drafted(intent: Intent, *, context: Context, inside: Inside, post: PostOffice, rooms: Sequence[Area]) -> tuple[Draft, Intent]:
    """The draft that an intent comes to, and the intent with what was resolved; a note can be left in one of `rooms`.

    Raises UnfulfillableError to ask for what is missing.
    """
    spoken, text = _said(intent, inside=inside, context=context)
    if not slot_text(intent.slots, "link_id") and not slot_text(intent.slots, "name"):
        if not spoken:
            raise ask("Who is it for?", slot="message_to", intent=intent, context=context)
        intent = with_slots(intent, message_to=spoken, message=text, message_words="")
        intent = _addressed(intent, spoken, context=context, inside=inside, post=post, rooms=rooms)
    name, address, link_id = (slot_text(intent.slots, key) for key in ("name", "address", "link_id"))
    if not text:
        raise ask("What shall I say?", slot="message", intent=intent, context=context)
    if len(text) > LONGEST_TEXT:
        raise refuse(f"A message has at most {LONGEST_TEXT} characters")
    way = next((one for one in post.ways(context.person_id) if one.link_id == link_id), None)
    if link_id and way is None:
        raise refuse(NO_WAY)
    area = slot_text(intent.slots, "room")
    return Draft(name=name, address=address, way=way, text=_capital(text), area=area), with_slots(intent, message=text)


def _said(intent: Intent, *, inside: Inside, context: Context) -> tuple[str, str]:
    """Whom it is for and the words, as they were said; each may be empty."""
    to, text = slot_text(intent.slots, "message_to"), slot_text(intent.slots, "message")
    words = slot_text(intent.slots, "message_words")
    if not words:
        return to, text
    if found := _SAID.fullmatch(words):
        return found["to"], found["text"]
    pieces = words.split()
    contacts = _contacts(inside, context)
    count = _name_length(pieces, contacts, inside.people())
    rest = " ".join(pieces[count:]).lstrip(",:; ")
    return " ".join(pieces[:count]).strip(",:;"), re.sub(r"^that (?=\S)", "", rest, flags=re.IGNORECASE)


def _name_length(pieces: Sequence[str], contacts: Sequence[Contact], people: Sequence[Person]) -> int:
    """How many words at the beginning are a name: the longest that is one, else what sounds most like one."""
    prefixes = [(count, " ".join(pieces[:count]).strip(",:;")) for count in range(min(MOST_NAME_WORDS, len(pieces)), 0, -1)]
    for count, words in prefixes:
        if words.casefold() in EVERYBODY or any(same_words(words, name) for name in _names(words, contacts, people)):
            return count
    best, length = 0.0, 0
    for count, words in prefixes:
        found = found_contacts(words, contacts)
        if found.best is not None and found.score > best:
            best, length = found.score, count
    return length or (2 if len(pieces) > 2 and pieces[0].casefold() in ("my", "our", "the") else 1)


def _names(words: str, contacts: Sequence[Contact], people: Sequence[Person]) -> Iterator[str]:
    for contact in contacts:
        yield from contact.spoken_names()
        if any(one.word == relation_word(words) for one in contact.relations):
            yield words
    yield from (one.name for one in people)


def _addressed(
    intent: Intent, spoken: str, *, context: Context, inside: Inside, post: PostOffice, rooms: Sequence[Area]
) -> Intent:
    """With name, address and link of whom it is for: who lives here or a room, for a message that is left; else a contact, then
    who lives here."""
    is_left = intent.name == "LeaveMessage"
    if spoken.casefold() in EVERYBODY:
        return with_slots(intent, name="everybody", address="", link_id="")
    people = matched(spoken, [Named(key=one.person_id, names=(one.name,)) for one in inside.people()])
    contacts = _contacts(inside, context)
    is_contact = any(same_words(spoken, name) for name in _names(spoken, contacts, ()))
    if people.best is not None and (is_left or not is_contact):
        return with_slots(intent, name=people.best.names[0], address=people.best.key, link_id="")
    if is_left and (room := _room(spoken, rooms)):
        return with_slots(intent, name=f"the {room.lower()}", address="", link_id="", room=room)
    if is_left:
        raise refuse(f"Nobody called {spoken} lives here, and no room is called so")
    if not contacts:
        raise refuse(f"I know nobody called {spoken}; contacts are added on the page of contacts")
    contact = chosen_contact(
        spoken, contacts=contacts, person_id=context.person_id, intent=intent, slot="message_to", context=context
    )
    way, address = _way_to(contact, post.ways(context.person_id))
    return with_slots(intent, name=contact.name, address=address, link_id=way.link_id)


def _room(spoken: str, rooms: Sequence[Area]) -> str:
    """The room that is called so; empty for none."""
    said = re.sub(r"^(?:in |for |at )?(?:the |my |our )?", "", spoken.casefold().strip())
    return next((one.name for one in rooms if said in (name.casefold() for name in (one.name, *one.aliases))), "")


def _way_to(contact: Contact, ways: Sequence[Way]) -> tuple[Way, str]:
    """How a contact is best reached: by what works, then by the address that is preferred, then by one's own account."""
    if not ways:
        raise refuse(NO_WAY)
    found = [(way, one) for way in ways for one in contact.reached_by(*way.channels)]
    if not found:
        names = listed(list(dict.fromkeys(way.name for way in ways)), last="or")
        raise refuse(f"I have no address of {contact.name} for {names}")
    way, one = min(found, key=lambda pair: (not pair[0].works, not pair[1].is_preferred, pair[0].person_id is None))
    return way, one.value


def _contacts(inside: Inside, context: Context) -> Sequence[Contact]:
    return inside.contacts.of(context.person_id) if inside.contacts is not None else ()


def _capital(text: str) -> str:
    ended = sentence(text)
    return ended if len(text.split()) > 1 else ended.removesuffix(".")
