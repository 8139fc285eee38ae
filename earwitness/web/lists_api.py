"""The API of lists: make them, put things on, check them off, rename, clear, delete. Whoever may talk here may change them.

It translates; `links/lists.py` keeps them.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from earwitness.domain.errors import ListError
from earwitness.links.lists import Item, Lists
from earwitness.skills.list_names import list_called, new_name, the_list
from earwitness.skills.lists import MOST_ITEMS, split_items
from earwitness.web import lists_shapes as shapes
from earwitness.web.errors_told import told

Name = Annotated[str, Path(min_length=1, max_length=60)]
ItemId = Annotated[int, Path(ge=0, le=2**53)]


class ListsDesk:
    """Takes changes of lists; every method blocks on the disk. `fixed` gives the names of those that the home has anyway."""

    def __init__(self, lists: Lists, *, fixed: Callable[[], Sequence[str]], clock: Callable[[], datetime]) -> None:
        self._lists = lists
        self._fixed = fixed
        self._clock = clock

    def names(self) -> tuple[str, ...]:
        return self._lists.names(self._fixed())

    def all(self) -> list[shapes.WholeListShape]:
        """Every list."""
        return [self.one(name) for name in self.names()]

    def one(self, name: str) -> shapes.WholeListShape:
        """The list of that name. Raises ListError (list.unknown)."""
        name = self._found(name)
        items = [shapes.ItemShape(id=one.item_id, text=one.text, is_complete=one.is_complete) for one in self._lists.items(name)]
        return shapes.WholeListShape(name=name, is_fixed=self._is_fixed(name), items=items)

    def make(self, said: str) -> shapes.WholeListShape:
        """Make one. Raises ListError."""
        name = new_name(said, names=self.names())
        self._lists.make(name)
        return self.one(name)

    def rename(self, name: str, said: str) -> shapes.WholeListShape:
        """Call one otherwise. Raises ListError."""
        name = self._own(name)
        to = new_name(said, names=[one for one in self.names() if one != name])
        if not self._lists.rename(name, to=to):
            raise ListError("The list has just changed; look at it again.", code="list.exists")
        return self.one(to)

    def forget(self, name: str) -> None:
        """Take one away with all that is on it. Raises ListError."""
        self._lists.forget(self._own(name))

    def put(self, name: str, text: str) -> shapes.WholeListShape:
        """Put on it what is not there yet. Raises ListError."""
        name = self._found(name)
        here = [one for one in self._lists.items(name) if not one.is_complete]
        known = {one.text.casefold() for one in here}
        new = [one for one in split_items(text) if one.casefold() not in known]
        if len(here) + len(new) > MOST_ITEMS:
            raise ListError(
                f"There are {MOST_ITEMS} things on {the_list(name)} already; take some off first.", code="list.too_many"
            )
        if new:
            self._lists.add(name, texts=new, now=self._clock())
        return self.one(name)

    def change(self, name: str, item_id: int, given: shapes.ItemChange) -> shapes.WholeListShape:
        """Check a thing off, or not after all, or write it otherwise. Raises ListError."""
        item = self._item(name, item_id)
        if given.text is not None:
            self._lists.reword(item.item_id, text=given.text)
        if given.is_complete is not None:
            (self._lists.complete if given.is_complete else self._lists.reopen)([item.item_id])
        return self.one(name)

    def take_off(self, name: str, item_id: int) -> None:
        """Take a thing off. Raises ListError."""
        self._lists.remove([self._item(name, item_id).item_id])

    def clear(self, name: str, *, is_done_only: bool) -> shapes.WholeListShape:
        """Take everything off, or what is done. Raises ListError (list.unknown)."""
        name = self._found(name)
        self._lists.remove([one.item_id for one in self._lists.items(name) if one.is_complete or not is_done_only])
        return self.one(name)

    def _found(self, said: str) -> str:
        found = list_called(said, names=self.names())
        if found is None:
            raise ListError("There is no such list any more.", code="list.unknown")
        return found

    def _is_fixed(self, name: str) -> bool:
        return list_called(name, names=self._fixed()) is not None

    def _own(self, said: str) -> str:
        name = self._found(said)
        if self._is_fixed(name):
            raise ListError(f"{the_list(name).capitalize()} belongs to this home; it can be cleared only.", code="list.fixed")
        return name

    def _item(self, name: str, item_id: int) -> Item:
        for one in self._lists.items(self._found(name)):
            if one.item_id == item_id:
                return one
        raise ListError("That is not on the list any more.", code="list.unknown")


def lists_router(desk: ListsDesk) -> APIRouter:
    """The routes under /api/v1/lists."""
    router = APIRouter(prefix="/api/v1/lists", responses=told(404, 409))

    @router.get("")
    async def lists() -> shapes.ListsShape:
        """All lists with what is on them."""
        return shapes.ListsShape(lists=await asyncio.to_thread(desk.all))

    @router.post("", status_code=201)
    async def make(given: shapes.NewList) -> shapes.WholeListShape:
        """Make a list; it is understood aloud at once."""
        return await asyncio.to_thread(desk.make, given.name)

    @router.patch("/{name}")
    async def rename(name: Name, given: shapes.NewList) -> shapes.WholeListShape:
        """Call a list otherwise."""
        return await asyncio.to_thread(desk.rename, name, given.name)

    @router.delete("/{name}", status_code=204)
    async def forget(name: Name) -> None:
        """Delete a list with all that is on it."""
        await asyncio.to_thread(desk.forget, name)

    @router.post("/{name}/items")
    async def put(name: Name, given: shapes.NewItems) -> shapes.WholeListShape:
        """Put things on a list; what is there already is not put there twice."""
        return await asyncio.to_thread(desk.put, name, given.text)

    @router.delete("/{name}/items")
    async def clear(name: Name, *, done: bool = False) -> shapes.WholeListShape:
        """Take everything off; with `done`, only what is checked off."""
        return await asyncio.to_thread(desk.clear, name, is_done_only=done)

    @router.patch("/{name}/items/{item_id}")
    async def change(name: Name, item_id: ItemId, given: shapes.ItemChange) -> shapes.WholeListShape:
        """Check a thing off or not, or write it otherwise."""
        return await asyncio.to_thread(desk.change, name, item_id, given)

    @router.delete("/{name}/items/{item_id}", status_code=204)
    async def take_off(name: Name, item_id: ItemId) -> None:
        """Take a thing off."""
        await asyncio.to_thread(desk.take_off, name, item_id)

    return router
