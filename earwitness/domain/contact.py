"""Whom somebody calls and writes to: names, what they are to whom, and where they are reached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

LEAST_ALIKE: Final = 7
"""Digits at the end that make two telephone numbers the same."""


class Channel(StrEnum):
    """By what a contact is reached."""

    PHONE = "phone"
    """A telephone number, as E.164 where it has a country: for calls and SMS."""
    SIP = "sip"
    """user@host, without "sip:"."""
    XMPP = "xmpp"
    MATRIX = "matrix"
    """@user:server or a room's #alias:server."""
    EMAIL = "email"
    OTHER = "other"
    """An address of a service that Apprise knows, by the label of its link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One place where a contact is reached."""

    channel: Channel
    value: str
    label: str = ""
    """ "mobile", "work", "home"."""
    is_preferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What the contact is to a person of this house: everybody has a mum of their own. `word` is as `relation_word` gives it."""

    person_id: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`owner_id` is whose contact it is; None for one of the whole household's."""

    contact_id: str
    owner_id: str | None
    name: str
    aliases: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    addresses: tuple[Address, ...] = ()
    note: str = ""
    changed_at: datetime
    revision: int = 1

    def reached_by(self, *channels: Channel) -> tuple[Address, ...]:
        """The addresses of these channels, the preferred first; without channels, all."""
        found = [one for one in self.addresses if not channels or one.channel in channels]
        return tuple(sorted(found, key=lambda one: not one.is_preferred))

    def spoken_names(self) -> tuple[str, ...]:
        """The name, its parts that can stand for it, and the aliases."""
        first = self.name.split(maxsplit=1)[0] if self.name.strip() else ""
        return tuple(dict.fromkeys(name for name in (self.name, first, *self.aliases) if name))


_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("mum", "mom", "mam", "mama", "mamma", "mummy", "mommy", "ma"), "mother"),
    **dict.fromkeys(("dad", "daddy", "papa", "pa", "pop"), "father"),
    **dict.fromkeys(("gran", "granny", "grandma", "nan", "nana"), "grandmother"),
    **dict.fromkeys(("grandpa", "grandad", "granddad", "gramps"), "grandfather"),
    **dict.fromkeys(("bro",), "brother"),
    **dict.fromkeys(("sis",), "sister"),
    **dict.fromkeys(("wife", "husband", "spouse"), "partner"),
    **dict.fromkeys(("auntie",), "aunt"),
}
"""Words for the same relation."""
_MY: Final = ("my ", "our ")


def relation_word(spoken: str) -> str:
    """The one word for a relation: "Mum", "my mother" are "mother"; any other word is itself, in lower case."""
    word = " ".join(spoken.casefold().split())
    for leading in _MY:
        word = word.removeprefix(leading)
    return _WORDS.get(word, word)


def same_address(one: str, other: str) -> bool:
    """Whether two addresses reach the same; of two telephone numbers one may have the country's prefix, the other a leading
    zero."""
    one, other = (address.strip().casefold().removeprefix("sip:") for address in (one, other))
    if any(char.isalpha() or char == "@" for char in one + other):
        return one == other
    a, b = (re.sub(r"[^0-9]", "", number).lstrip("0") for number in (one, other))
    shorter, longer = sorted((a, b), key=len)
    return a == b != "" or (len(shorter) >= LEAST_ALIKE and longer.endswith(shorter))
