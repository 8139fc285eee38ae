"""Who acts in a terminal: the options --person, the passphrase and the code, checked before anything of that person is opened."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from earwitness import build
from earwitness.config import Settings
from earwitness.domain.account import Permission
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person

PASSPHRASE_VARIABLE: Final = "EARWITNESS_PASSPHRASE"  # noqa: S105  (a name, not a secret)
CODE_VARIABLE: Final = "EARWITNESS_CODE"
NEW_PASSPHRASE_VARIABLE: Final = "EARWITNESS_NEW_PASSPHRASE"  # noqa: S105
PERSON = click.option("--person", "name", help=f"Whose; asks for the passphrase, unless ${PASSPHRASE_VARIABLE} has it.")

ACTOR = click.option("--person", "actor", help=f"Who acts; asks for the passphrase, unless ${PASSPHRASE_VARIABLE} has it.")


@contextmanager
def signed_in(settings: Settings, name: str | None) -> Iterator[tuple[build.House, Person]]:
    """The house, and the person who acts, whose passphrase was right. Raises AccessError, PersonError."""
    with build.House(settings) as house:
        yield house, person_of(house, name)


@contextmanager
def acting_for(settings: Settings, name: str | None, *, whose: str | None) -> Iterator[tuple[build.House, Person, Person]]:
    """The house, who acts, and on whose account: their own, or anybody's for one who may change accounts. Raises AccessError."""
    with signed_in(settings, name) as (house, person):
        other = person if whose is None else house.people.named(whose)
        if other.person_id != person.person_id:
            check_may(person, Permission.PEOPLE)
        yield house, person, other


def check_may(person: Person, permission: Permission) -> None:
    """Raises AccessError unless the person's role has the permission."""
    if not person.may(permission):
        raise AccessError("Your account may not do that; ask an owner of this home.", code="access.refused")


def person_of(house: build.House, name: str | None) -> Person:
    """The person of that name, or the only one there is, whose passphrase and code were right. Raises AccessError."""
    people = house.people.all()
    if not people:
        raise PersonError("Nobody has enrolled yet: run `earwitness people add NAME`, or open the page.")
    if name is None and len(people) > 1:
        raise PersonError("Say whose with --person NAME.")
    chosen = name or people[0].name
    passphrase = asked_passphrase(f"Passphrase of {chosen}")
    try:
        return house.people.check(chosen, passphrase=passphrase)
    except AccessError as error:
        if error.code != "access.code_needed":
            raise
    return house.people.check(chosen, passphrase=passphrase, code=_asked("Code from the phone", variable=CODE_VARIABLE))


def asked_passphrase(prompt: str, *, confirms: bool = False, variable: str = PASSPHRASE_VARIABLE) -> str:
    """The passphrase from the environment, else asked for in the terminal without showing it."""
    return _asked(prompt, variable=variable, confirms=confirms)


def _asked(prompt: str, *, variable: str, confirms: bool = False) -> str:
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        what = "A code" if variable == CODE_VARIABLE else "A passphrase"
        sentence = f"{what} is needed: run this in a terminal, or set {variable}."
        raise AccessError(sentence, code="access.not_signed_in")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirms, err=True))
