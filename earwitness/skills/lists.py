"""Shopping and to-do lists: put things on, check them off, take them off, read, clear."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from earwitness.domain.home import Home
from earwitness.domain.intent import Context, Intent
from earwitness.links.lists import Item, Lists
from earwitness.skills.keeping import Deed, KeepingSkill
from earwitness.skills.ports import HomeLink
from earwitness.skills.resolve import ask, is_same, plain, refuse, slot_text
from earwitness.skills.wording import amount, listed, the

MOST_ITEMS: Final = 500
READ_AT_MOST: Final = 12
SHOPPING: Final = "shopping list"
_PAIRS: Final = frozenset(
    {
        ("mac", "cheese"),
        ("macaroni", "cheese"),
        ("salt", "pepper"),
        ("fish", "chips"),
        ("bread", "butter"),
        ("peanut butter", "jelly"),
        ("half", "half"),
        ("salt", "vinegar"),
        ("rice", "beans"),
    }
)
"""Things that are one item although "and" stands between them."""


def split_items(said: str) -> tuple[str, ...]:
    """The single things in "apples, milk and salt and pepper", in the order said, without repeats."""
    found: dict[str, str] = {}
    for chunk in said.split(","):
        parts = [part.strip() for part in re.split(r"\s+and\s+|^\s*and\s+", chunk) if part.strip()]
        index = 0
        while index < len(parts):
            pair = tuple(parts[index : index + 2])
            size = 2 if (pair[0].casefold(), pair[-1].casefold()) in _PAIRS and len(pair) == 2 else 1
            item = " and ".join(parts[index : index + size])
            found.setdefault(item.casefold(), item)
            index += size
    return tuple(found.values())


class ListSkill(KeepingSkill):
    """The lists that the home names. A thing that is checked off is no longer read out."""

    def __init__(self, lists: Lists, *, link: HomeLink, clock: Callable[[], datetime]) -> None:
        self._lists = lists
        self._link = link
        self._clock = clock
        self._deeds: dict[str, Callable[[Intent, Context], Deed]] = {
            "HassShoppingListAddItem": self._add,
            "HassListAddItem": self._add,
            "HassShoppingListCompleteItem": self._complete,
            "HassListCompleteItem": self._complete,
            "HassShoppingListRemoveItem": self._remove,
            "HassListRemoveItem": self._remove,
            "HassShoppingListLastItems": self._read,
            "HassListRead": self._read,
            "HassListClear": self._clear,
        }
        self.intents = tuple(self._deeds)

    def deed(self, intent: Intent, context: Context) -> Deed:
        return self._deeds[intent.name](intent, context)

    def _list_name(self, intent: Intent) -> str:
        """The list that is meant; the shopping list when none is named. Raises UnfulfillableError for an unknown one."""
        home = self._link.snapshot()
        said = slot_text(intent.slots, "name")
        if not said or "Shopping" in intent.name:
            return next((name for name in home.lists if "shopping" in name.casefold()), SHOPPING)
        for name in home.lists:
            if _bare(name) == _bare(said):
                return name
        raise refuse(f"There is no list called {said}; there is {listed(_existing(home)) or 'none'}")

    def _open(self, list_name: str) -> tuple[Item, ...]:
        return tuple(item for item in self._lists.items(list_name) if not item.is_complete)

    def _items(self, intent: Intent, context: Context) -> tuple[str, ...]:
        items = split_items(slot_text(intent.slots, "item"))
        if not items:
            raise ask(
                "What should I put there?" if "Add" in intent.name else "Which item?", slot="item", intent=intent, context=context
            )
        return items

    def _add(self, intent: Intent, context: Context) -> Deed:
        name, items = self._list_name(intent), self._items(intent, context)
        here = self._open(name)
        new = [item for item in items if not any(item.casefold() == other.text.casefold() for other in here)]
        if not new:
            return Deed(reply=f"{_capital(listed(items))} {'is' if len(items) == 1 else 'are'} already on {_the_list(name)}.")
        if len(here) + len(new) > MOST_ITEMS:
            raise refuse(f"There are {MOST_ITEMS} things on {_the_list(name)} already; take some off first")

        def write() -> bool:
            self._lists.add(name, texts=new, now=self._clock())
            return True

        return Deed(reply=f"Added {listed(new)} to {_the_list(name)}.", write=write)

    def _found(self, intent: Intent, context: Context) -> tuple[str, list[Item]]:
        """The list and the things on it that are named. Raises UnfulfillableError when one of them is not there."""
        name, said = self._list_name(intent), self._items(intent, context)
        here = self._open(name)
        found = [item for item in here if any(is_same(each, item.text) for each in (*said, slot_text(intent.slots, "item")))]
        missing = [each for each in said if not any(is_same(each, item.text) for item in found)]
        if missing and not any(is_same(slot_text(intent.slots, "item"), item.text) for item in found):
            raise refuse(f"I did not find {listed(missing, last='or')} on {_the_list(name)}")
        return name, found

    def _complete(self, intent: Intent, context: Context) -> Deed:
        name, found = self._found(intent, context)
        ids = [item.item_id for item in found]
        return Deed(
            reply=f"Checked off {listed(_texts(found))} on {_the_list(name)}.",
            write=lambda: self._lists.complete(ids) == len(ids),
        )

    def _remove(self, intent: Intent, context: Context) -> Deed:
        name, found = self._found(intent, context)
        ids = [item.item_id for item in found]
        return Deed(
            reply=f"Took {listed(_texts(found))} off {_the_list(name)}.",
            write=lambda: self._lists.remove(ids) == len(ids),
        )

    def _read(self, intent: Intent, context: Context) -> Deed:
        name = self._list_name(intent)
        texts = [item.text for item in self._open(name)]
        if not texts:
            return Deed(reply=f"There is nothing on {_the_list(name)}.")
        more = len(texts) - READ_AT_MOST
        told = [*texts[:READ_AT_MOST], f"{more} more"] if more > 0 else texts
        return Deed(reply=f"On {_the_list(name)}: {listed(told)}.")

    def _clear(self, intent: Intent, context: Context) -> Deed:
        name = self._list_name(intent)
        ids = [item.item_id for item in self._lists.items(name)]
        if not ids:
            return Deed(reply=f"There is nothing on {_the_list(name)}.")
        return Deed(
            reply=f"Cleared {amount(len(ids), 'item')} from {_the_list(name)}.",
            write=lambda: self._lists.remove(ids) == len(ids),
        )


def _bare(name: str) -> str:
    return plain(name).removesuffix(" list").replace(" ", "").removesuffix("s")


def _the_list(name: str) -> str:
    return the(name) if plain(name).endswith("list") else f"{the(name)} list"


def _existing(home: Home) -> list[str]:
    return [_the_list(name) for name in home.lists]


def _texts(items: Sequence[Item]) -> list[str]:
    return list(dict.fromkeys(item.text for item in items))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
