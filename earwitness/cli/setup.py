"""The first start in a terminal: the same questions as the page's, with the same answers. For a machine without a browser."""

import json

import click
from rich.text import Text

from earwitness import build
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import asked_passphrase
from earwitness.config import Settings
from earwitness.domain.account import AccountRole
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.home import Home
from earwitness.people.passphrase import check_good
from earwitness.speech.wake.micro import WAKE_WORDS
from earwitness.web.setup_texts import PROMISE, PROMISE_VERSION


@click.command()
@click.option("--name", help="Your name; you own the home.")
@click.option("--home", "home_name", help="What the home is called.")
@click.option("--room", "rooms", multiple=True, help="A room besides those of the home file; may be given several times.")
@click.option("--wake-word", type=click.Choice(WAKE_WORDS), help="What wakes it.")
@click.option("--voice", help="Its voice; `earwitness voices` lists them.")
@click.option("--acknowledge", is_flag=True, help="You have read what is kept (nothing) and who may listen (nobody).")
@JSON
@click.pass_obj
def setup(
    settings: Settings,
    *,
    name: str | None,
    home_name: str | None,
    rooms: tuple[str, ...],
    wake_word: str | None,
    voice: str | None,
    acknowledge: bool,
    as_json: bool,
) -> None:
    """Set the home up: its owner, name and rooms, wake word and voice. Asks for what no option says."""
    with build.House(settings) as house:
        if any(person.role is AccountRole.OWNER for person in house.people.all()):
            raise AccessError("This home is set up already; sign in on the page.", code="setup.done")
        home = house.home
        owner = name or click.prompt("Your name", err=True)
        called = home_name or click.prompt("What the home is called", default=_plain(home), err=True)
        passphrase = asked_passphrase("A passphrase of 15 characters or more, such as five words", confirms=True)
        check_good(passphrase, known=(owner, called))
        places = [area.name for area in home.areas] + [*(rooms or _asked_rooms(home, is_asked=name is None))]
        word = wake_word or click.prompt("What wakes it", type=click.Choice(WAKE_WORDS), default=settings.wake.words[0], err=True)
        installed = [one.name for one in house.voices.voices() if one.is_installed]
        speaker = voice or click.prompt(
            "Its voice", type=click.Choice(installed), default=settings.speech.voice, err=True, show_choices=False
        )
        _promise(is_acknowledged=acknowledge)
        person = house.people.add(owner, passphrase=passphrase, role=AccountRole.OWNER, known=(called,))
        taken = list(dict.fromkeys(places))
        try:
            if house.household.is_set_up:
                house.household.change(
                    name=called,
                    rooms=taken,
                    wake_words=(word,),
                    voice=speaker,
                    wake_words_known=WAKE_WORDS,
                    voices_known=installed,
                )
            else:
                house.household.set_up(
                    name=called,
                    rooms=taken,
                    wake_words=(word,),
                    voice=speaker,
                    acknowledged_version=PROMISE_VERSION,
                    wake_words_known=WAKE_WORDS,
                    voices_known=installed,
                )
        except PersonError:
            house.people.remove(person.person_id)
            raise
    if as_json:
        click.echo(json.dumps({"owner": person.name, "home": called, "wake_word": word, "voice": speaker}))
    else:
        out.print(Text(f"{called} is set up, and {person.name} owns it. Run `earwitness run`, and sign in on the page."))


def _plain(home: Home) -> str:
    return home.name.removesuffix(" (simulated)")


def _asked_rooms(home: Home, *, is_asked: bool) -> list[str]:
    """Rooms besides those of the home file, if whoever is there is asked at all."""
    if not is_asked:
        return []
    known = ", ".join(area.name for area in home.areas)
    said = click.prompt(
        f"More rooms than {known}, with commas between (Enter for none)", default="", err=True, show_default=False
    )
    return [room.strip() for room in said.split(",") if room.strip()]


def _promise(*, is_acknowledged: bool) -> None:
    """Say what is kept and who may listen, and go on only once that was acknowledged."""
    for title, text in PROMISE:
        click.echo(f"\n{title}\n{text}", err=True)
    click.echo("", err=True)
    if not is_acknowledged:
        click.confirm("Have you read this?", abort=True, err=True)
