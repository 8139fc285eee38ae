"""Lists: make them, put things on, check them off, take them off, read, count, clear, rename, delete."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from earwitness.domain.errors import ListError
from earwitness.domain.intent import Context, Intent
from earwitness.links.lists import Item, Lists
from earwitness.skills.interface import HomeLink, Parts, Skill, ask, refuse, slot_text
from earwitness.skills.keeping import Deed, KeepingSkill
from earwitness.skills.list_names import existing, list_called, new_name, the_list
from earwitness.skills.resolve import is_same
from earwitness.skills.wording import amount, listed

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
    """The lists that the home names, and those that people make. A thing that is checked off is no longer read out."""

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
            "CreateList": self._create,
            "AddToNewList": self._add_to_new,
            "RenameList": self._rename,
            "DeleteList": self._delete,
            "ListLists": self._tell_all,
            "CountList": self._count,
        }

    def deed(self, intent: Intent, context: Context) -> Deed:
        return self._deeds[intent.name](intent, context)

    def _names(self) -> tuple[str, ...]:
        return self._lists.names(self._link.snapshot().lists)

    def _list_name(self, intent: Intent) -> str:
        """The list that is meant; the shopping list when none is named. Raises UnfulfillableError for an unknown one."""
        names, said = self._names(), slot_text(intent.slots, "name")
        if not said or "Shopping" in intent.name:
            return next((name for name in names if "shopping" in name.casefold()), SHOPPING)
        found = list_called(said, names=names)
        if found is None:
            raise refuse(f"There is no list called {said}; there is {existing(names)}")
        return found

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
            return Deed(reply=f"{_capital(listed(items))} {'is' if len(items) == 1 else 'are'} already on {the_list(name)}.")
        if len(here) + len(new) > MOST_ITEMS:
            raise refuse(f"There are {MOST_ITEMS} things on {the_list(name)} already; take some off first")

        def write() -> bool:
            self._lists.add(name, texts=new, now=self._clock())
            return True

        undo = Intent(name="HassListRemoveItem", slots={"item": ", ".join(new), "name": name})
        return Deed(reply=f"Added {listed(new)} to {the_list(name)}.", write=write, undo=undo)

    def _found(self, intent: Intent, context: Context) -> tuple[str, list[Item]]:
        """The list and the things on it that are named. Raises UnfulfillableError when one of them is not there."""
        name, said = self._list_name(intent), self._items(intent, context)
        here = self._open(name)
        found = [item for item in here if any(is_same(each, item.text) for each in (*said, slot_text(intent.slots, "item")))]
        missing = [each for each in said if not any(is_same(each, item.text) for item in found)]
        if missing and not any(is_same(slot_text(intent.slots, "item"), item.text) for item in found):
            raise refuse(f"I did not find {listed(missing, last='or')} on {the_list(name)}")
        return name, found

    def _complete(self, intent: Intent, context: Context) -> Deed:
        name, found = self._found(intent, context)
        ids = [item.item_id for item in found]
        return Deed(
            reply=f"Checked off {listed(_texts(found))} on {the_list(name)}.",
            write=lambda: self._lists.complete(ids) == len(ids),
            undo=_put_back(name, found),
        )

    def _remove(self, intent: Intent, context: Context) -> Deed:
        name, found = self._found(intent, context)
        ids = [item.item_id for item in found]
        return Deed(
            reply=f"Took {listed(_texts(found))} off {the_list(name)}.",
            write=lambda: self._lists.remove(ids) == len(ids),
            undo=_put_back(name, found),
        )

    def _read(self, intent: Intent, context: Context) -> Deed:
        name = self._list_name(intent)
        texts = [item.text for item in self._open(name)]
        if not texts:
            return Deed(reply=f"There is nothing on {the_list(name)}.")
        return Deed(reply=f"On {the_list(name)}: {listed(_cut(texts))}.")

    def _clear(self, intent: Intent, context: Context) -> Deed:
        name = self._list_name(intent)
        here = self._lists.items(name)
        ids, texts = [item.item_id for item in here], _texts([item for item in here if not item.is_complete])
        if not ids:
            return Deed(reply=f"There is nothing on {the_list(name)}.")
        told = f": {listed(_cut(texts))}" if texts else ""
        return Deed(
            reply=f"Cleared {amount(len(ids), 'item')} from {the_list(name)}{told}.",
            write=lambda: self._lists.remove(ids) == len(ids),
        )

    # Lists themselves

    def _new(self, said: str) -> str:
        try:
            return new_name(said, names=self._names())
        except ListError as error:
            raise refuse(error.sentence) from error

    def _create(self, intent: Intent, context: Context) -> Deed:
        said = slot_text(intent.slots, "new_name")
        if not said:
            raise ask("What is it called?", slot="new_name", intent=intent, context=context)
        name = self._new(said)
        return Deed(reply=f"There is {_a(the_list(name))} now.", write=lambda: self._lists.make(name))

    def _add_to_new(self, intent: Intent, context: Context) -> Deed:
        """Put things on a list that was never heard of: it is made if that is meant."""
        said = slot_text(intent.slots, "new_name")
        known = list_called(said, names=self._names())
        if known is not None:
            return self._add(replace(intent, slots={**intent.slots, "name": known}), context)
        name, items = self._new(said), self._items(intent, context)
        if "confirmed" not in intent.slots:
            question = f"There is no {the_list(name).removeprefix('the ')}. Shall I make one?"
            raise ask(question, slot="confirmed", intent=intent, context=context)
        if intent.slots["confirmed"] is not True:
            return Deed(reply="All right, nothing was added.")

        def write() -> bool:
            self._lists.add(name, texts=items, now=self._clock())
            return True

        return Deed(reply=f"Made {the_list(name)} with {listed(items)}.", write=write)

    def _own_list(self, intent: Intent, act: str) -> str:
        """The list that is meant, unless it is one of the home itself."""
        name = self._list_name(intent)
        if list_called(name, names=self._link.snapshot().lists) is not None:
            raise refuse(f"{_capital(the_list(name))} belongs to this home, so I cannot {act} it; I can clear it")
        return name

    def _rename(self, intent: Intent, context: Context) -> Deed:
        name = self._own_list(intent, "rename")
        said = slot_text(intent.slots, "new_name")
        if not said:
            raise ask("What shall it be called?", slot="new_name", intent=intent, context=context)
        new = self._new(said)
        return Deed(reply=f"{_capital(the_list(name))} is {the_list(new)} now.", write=lambda: self._lists.rename(name, to=new))

    def _delete(self, intent: Intent, context: Context) -> Deed:
        name = self._own_list(intent, "delete")
        texts = _texts(self._open(name))
        if texts and "confirmed" not in intent.slots:
            question = f"On {the_list(name)}: {listed(_cut(texts))}. Delete it?"
            raise ask(question, slot="confirmed", intent=intent, context=context)
        if texts and intent.slots["confirmed"] is not True:
            return Deed(reply="All right, it stays.")
        return Deed(reply=f"{_capital(the_list(name))} is deleted.", write=lambda: self._lists.forget(name))

    def _tell_all(self, intent: Intent, context: Context) -> Deed:
        names = self._names()
        if not names:
            return Deed(reply="There is no list.")
        told = [f"{the_list(name)} with {amount(len(self._open(name)), 'thing')}" for name in names[:READ_AT_MOST]]
        more = len(names) - READ_AT_MOST
        return Deed(reply=f"There is {listed([*told, f'{more} more'] if more > 0 else told)}.")

    def _count(self, intent: Intent, context: Context) -> Deed:
        name = self._list_name(intent)
        count = len(self._open(name))
        return Deed(reply=f"There {'is' if count == 1 else 'are'} {amount(count, 'thing')} on {the_list(name)}.")


def _put_back(name: str, items: Sequence[Item]) -> Intent:
    return Intent(name="HassListAddItem", slots={"item": ", ".join(_texts(items)), "name": name})


def _texts(items: Sequence[Item]) -> list[str]:
    return list(dict.fromkeys(item.text for item in items))


def _cut(texts: list[str]) -> list[str]:
    """No more than can be listened to."""
    more = len(texts) - READ_AT_MOST
    return [*texts[:READ_AT_MOST], f"{more} more"] if more > 0 else texts


def _a(name: str) -> str:
    """ "the camping list" as a new one."""
    plain = name.removeprefix("the ")
    return plain if plain == name else f"{'an' if plain[:1].casefold() in 'aeiou' else 'a'} {plain}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def make(parts: Parts) -> Skill:
    return ListSkill(parts.inside.lists, link=parts.home, clock=parts.clock)
