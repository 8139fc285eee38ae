"""The first start in a terminal: the same questions as the page's, with the same answers. For a machine without a browser."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click
from rich.text import Text

from earwitness import build
from earwitness.cli.aloud import AloudSetup
from earwitness.cli.machine_talk import MachineTalk
from earwitness.cli.options import JSON, out
from earwitness.cli.signed_in import asked_passphrase
from earwitness.config import Settings
from earwitness.domain.account import AccountRole
from earwitness.domain.errors import AccessError, PersonError, SoundError
from earwitness.domain.home import Home
from earwitness.people.passphrase import check_good
from earwitness.satellite.sound_card import SoundCard
from earwitness.speech.vad.silero import SileroVad
from earwitness.speech.wake.micro import WAKE_WORDS
from earwitness.understand.first_answers import Question
from earwitness.web.setup_talk import questions
from earwitness.web.setup_texts import PROMISE, PROMISE_VERSION, spoken_promise

TYPED_HERE: Final = "A passphrase is typed, never spoken: one that was said aloud is no secret."


@click.command()
@click.option("--name", help="Your name; you own the home.")
@click.option("--home", "home_name", help="What the home is called.")
@click.option("--room", "rooms", multiple=True, help="A room besides those of the home file; may be given several times.")
@click.option("--wake-word", type=click.Choice(WAKE_WORDS), help="What wakes it.")
@click.option("--voice", help="Its voice; `earwitness voices` lists them.")
@click.option("--acknowledge", is_flag=True, help="You have read what is kept (nothing) and who may listen (nobody).")
@click.option("--aloud/--silent", default=None, help="Say each step and take spoken answers; else it asks, where it can.")
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
    aloud: bool | None,
    as_json: bool,
) -> None:
    """Set the home up: its owner, name and rooms, wake word and voice. Asks for what no option says, by voice if you like; a
    name and a passphrase are typed."""
    with build.House(settings) as house:
        if any(person.role is AccountRole.OWNER for person in house.people.all()):
            raise AccessError("This home is set up already; sign in on the page.", code="setup.done")
        home = house.home
        owner = name or click.prompt("Your name", err=True)
        spoken = _aloud(house, is_wished=aloud)
        asks = questions(home=_plain(home), rooms=[area.name for area in home.areas], wake_words=WAKE_WORDS)
        called = home_name or _asked_home(asks, spoken, default=_plain(home))
        if spoken is not None:
            spoken.say(TYPED_HERE)
        passphrase = asked_passphrase("A passphrase of 15 characters or more, such as five words", confirms=True)
        check_good(passphrase, known=(owner, called))
        places = [area.name for area in home.areas] + [*(rooms or _asked_rooms(home, asks, spoken, is_asked=name is None))]
        word = wake_word or _asked_word(asks, spoken, default=settings.wake.words[0])
        installed = [one.name for one in house.voices.voices() if one.is_installed]
        speaker = voice or _asked_voice(asks, spoken, installed=installed, default=settings.speech.voice)
        _promise(asks, spoken, is_acknowledged=acknowledge)
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


def _aloud(house: build.House, *, is_wished: bool | None) -> AloudSetup | None:
    """What talks and hears, if that is wished and there is a microphone; a person at a terminal is asked."""
    if is_wished is False or (is_wished is None and not sys.stdin.isatty()):
        return None
    try:
        card = SoundCard(microphone=house.settings.satellite.microphone, speaker=house.settings.satellite.speaker)
        card.check()
    except SoundError:
        if is_wished:
            raise
        return None
    if is_wished is None and not click.confirm("There is a microphone. Answer by voice?", default=False, err=True):
        return None
    talk = MachineTalk(
        card,
        speak=lambda text, voice: house.voices.stream(text, voice=voice),
        recogniser=house.whisper,
        vad=SileroVad(house.store),
    )
    return AloudSetup(talk, voice=house.settings.speech.voice)


def _asked_home(asks: Mapping[Question, str], spoken: AloudSetup | None, *, default: str) -> str:
    if spoken is not None:
        return spoken.home(asks[Question.HOME], default=default)
    return str(click.prompt("What the home is called", default=default, err=True))


def _asked_rooms(home: Home, asks: Mapping[Question, str], spoken: AloudSetup | None, *, is_asked: bool) -> list[str]:
    """Rooms besides those of the home file, if whoever is there is asked at all."""
    if spoken is not None:
        return spoken.rooms(asks[Question.ROOMS], known=[area.name for area in home.areas])
    if not is_asked:
        return []
    known = ", ".join(area.name for area in home.areas)
    said = click.prompt(
        f"More rooms than {known}, with commas between (Enter for none)", default="", err=True, show_default=False
    )
    return [room.strip() for room in said.split(",") if room.strip()]


def _asked_word(asks: Mapping[Question, str], spoken: AloudSetup | None, *, default: str) -> str:
    if spoken is not None:
        return spoken.wake_word(asks[Question.WAKE_WORD], words=WAKE_WORDS, default=default)
    return str(click.prompt("What wakes it", type=click.Choice(WAKE_WORDS), default=default, err=True))


def _asked_voice(asks: Mapping[Question, str], spoken: AloudSetup | None, *, installed: Sequence[str], default: str) -> str:
    if spoken is not None:
        return spoken.choose_voice(asks[Question.VOICE], voices=installed)
    kinds = click.Choice(list(installed))
    return str(click.prompt("Its voice", type=kinds, default=default, err=True, show_choices=False))


def _promise(asks: Mapping[Question, str], spoken: AloudSetup | None, *, is_acknowledged: bool) -> None:
    """Say what is kept and who may listen, and go on only once that was acknowledged."""
    for part, (title, text) in enumerate(PROMISE):
        if spoken is not None:
            spoken.say(spoken_promise(part))
        else:
            click.echo(f"\n{title}\n{text}", err=True)
    click.echo("", err=True)
    if is_acknowledged:
        return
    if spoken is None:
        click.confirm("Have you read this?", abort=True, err=True)
    elif not spoken.has_understood(asks[Question.PROMISE]):
        raise click.Abort
