"""Who acts in a terminal: the options --person and the passphrase, checked before anything of that person is opened."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from earwitness import build
from earwitness.config import Settings
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person

PASSPHRASE_VARIABLE: Final = "EARWITNESS_PASSPHRASE"  # noqa: S105  (a name, not a secret)
PERSON = click.option("--person", "name", help=f"Whose; asks for the passphrase, unless ${PASSPHRASE_VARIABLE} has it.")


@contextmanager
def signed_in(settings: Settings, name: str | None) -> Iterator[tuple[build.House, Person]]:
    """The house, and the person who acts, whose passphrase was right. Raises AccessError, PersonError."""
    with build.House(settings) as house:
        yield house, person_of(house, name)


def person_of(house: build.House, name: str | None) -> Person:
    """The person of that name, or the only one there is, whose passphrase was right. Raises AccessError, PersonError."""
    people = house.people.all()
    if not people:
        raise PersonError("Nobody has enrolled yet: run `earwitness people add NAME`, or open the page.")
    if name is None and len(people) > 1:
        raise PersonError("Say whose with --person NAME.")
    chosen = name or people[0].name
    return house.people.check(chosen, passphrase=asked_passphrase(f"Passphrase of {chosen}"))


def asked_passphrase(prompt: str, *, confirms: bool = False) -> str:
    """The passphrase from the environment, else asked for in the terminal without showing it."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        sentence = f"A passphrase is needed: run this in a terminal, or set {PASSPHRASE_VARIABLE}."
        raise AccessError(sentence, code="access.not_signed_in")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirms, err=True))
