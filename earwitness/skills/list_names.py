"""What lists are called: which one is meant, and which name a new one may have. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from earwitness.domain.errors import ListError
from earwitness.skills.resolve import plain
from earwitness.skills.wording import listed, the

MOST_LISTS: Final = 50
LONGEST_NAME: Final = 40


def bare(name: str) -> str:
    """For comparing names of lists: "To-Do List" and "todos" are one."""
    return plain(name).removesuffix(" list").replace(" ", "").removesuffix("s")


def the_list(name: str) -> str:
    """ "the camping list"."""
    return the(name) if plain(name).endswith("list") else f"{the(name)} list"


def list_called(said: str, *, names: Iterable[str]) -> str | None:
    """Of `names` the one that is meant; None if there is none."""
    return next((name for name in names if bare(name) == bare(said)), None)


def new_name(said: str, *, names: Sequence[str]) -> str:
    """What a new list is called. Raises ListError for what is no name, is taken, or would be one too many."""
    name = " ".join(said.split())
    name = name.removesuffix(" list").removeprefix("the ").removeprefix("my ").strip()
    if not bare(name) or len(name) > LONGEST_NAME or "/" in name or not name.isprintable():
        raise ListError(f"A list is called by 1 to {LONGEST_NAME} characters, without a slash.", code="list.invalid")
    if (other := list_called(name, names=names)) is not None:
        raise ListError(f"There is {the_list(other)} already.", code="list.exists")
    if len(names) >= MOST_LISTS:
        raise ListError(f"There are {MOST_LISTS} lists already; delete one first.", code="list.too_many")
    return name


def existing(names: Iterable[str]) -> str:
    """ "the shopping list and the to-do list"; "none"."""
    return listed([the_list(name) for name in names]) or "none"
