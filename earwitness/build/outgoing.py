"""What leaves a house by its settings and by skills of others, for the page that lists all of it."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from earwitness.build.kept import KeptHouse
from earwitness.config import CalendarSettings, Settings, VaultSettings
from earwitness.domain.link import Outgoing
from earwitness.foreign.reach import read_place
from earwitness.foreign.wyoming_recogniser import DEFAULT_PORT
from earwitness.links.bounded_http import is_loopback
from earwitness.web.links_api import FixedOutgoing

FILE = "settings.toml"


def fixed_outgoing(house: KeptHouse) -> tuple[FixedOutgoing, ...]:
    """Everything that goes somewhere without a link that somebody set up on the page; what is switched off is not in it."""
    return (*_by_settings(house.settings), *_by_skills(house))


def _by_settings(settings: Settings) -> Iterator[FixedOutgoing]:
    places: tuple[Outgoing, ...]
    if (url := settings.calendar.url) is not None:
        places = (_by_url(url, _written_there(settings.calendar)),)
        yield _told("Calendar", "Events and tasks are kept on a calendar server.", by="[calendar]", places=places)
    if settings.speech.recogniser == "wyoming":
        places = (_plain(read_place(settings.speech.wyoming, default_port=DEFAULT_PORT).host, "the sound of what you say to it"),)
        yield _told("Recogniser", "Writes down what was said.", by="speech.wyoming", places=places)
    if (host := settings.dictionary.host) is not None:
        places = (_plain(host, "words whose meaning you ask for"),)
        yield _told("Dictionary", "Says what words mean.", by="[dictionary]", places=places)
    if (url := settings.language_model.url) is not None:
        also = "; those of requests that nothing here understands, with the names of rooms, devices and lists"
        words = "the words of questions that nothing else can answer"
        places = (_by_url(url, words + (also if settings.language_model.understands else "")),)
        yield _told("Language model", "Is asked what nothing else can answer.", by="[language_model]", places=places)
    if (url := settings.weather.url) is not None:
        places = (_by_url(url, "where this home is, to about a kilometre"),)
        yield _told("Weather", "Is asked for the weather of the home's place.", by="[weather]", places=places)
    if urls := [one.strip().partition(" ")[0] for one in settings.vault.witnesses]:
        places = tuple(_by_url(url, "the ledger's signed head: digests, nobody's words") for url in urls)
        yield _told("Witnesses", "Co-sign the ledger's head, so that nobody can rewrite it.", by="vault.witnesses", places=places)
    if places := tuple(_stored(settings.vault)):
        yield _told("Storage", "What this house keeps lies on another machine.", by="[vault]", places=places)
    if (url := settings.review.desk_database) is not None:
        places = (_database(url, "tasks by random ids, aliases of reviewers and what they did, judgements on their way"),)
        yield _told("Reviewers' desk", "Its database lies on another machine.", by="review.desk_database", places=places)
    if settings.review.service_url is not None:
        yield _told("Review service", "Asks for what reviewers may see.", by="review.service_url", places=(_reviewed(settings),))


def _reviewed(settings: Settings) -> Outgoing:
    """What the review service is told: on this machine over a socket, elsewhere over TLS."""
    is_here = settings.review.channel.startswith("/")
    host = "this machine" if is_here else urlsplit(settings.review.service_url or "").hostname or ""
    sends = "blanked-out words and, where that was allowed, disguised sound of what was drawn; aliases of reviewers"
    return Outgoing(host=host, sends=sends, is_encrypted=not is_here, is_this_machine=is_here)


def _by_skills(house: KeptHouse) -> Iterator[FixedOutgoing]:
    for package in house.shelf.enabled():
        if hosts := package.manifest.permissions.network:
            yield FixedOutgoing(
                title=f"Skill: {package.manifest.title}",
                about="A skill of others that may fetch from there.",
                where="the page of skills",
                outgoing=tuple(Outgoing(host=host, sends="whatever that skill asks for", is_encrypted=True) for host in hosts),
            )


def _stored(vault: VaultSettings) -> Iterator[Outgoing]:
    """Servers of what is kept. Databases are reached without encryption of their own; a bucket as its endpoint says."""
    kept = (
        (vault.database, "people, consents, settings, and the history in sealed words"),
        (vault.keys_database, "keys that are wrapped by the household's key"),
        (vault.ledger_database, "the ledger: facts, nobody's words"),
    )
    for url, sends in kept:
        if url is not None:
            yield _database(url, sends)
    if vault.recordings is not None:
        yield _by_url(os.environ.get("AWS_ENDPOINT_URL") or "https://s3.amazonaws.com", "sealed recordings")


def _written_there(calendar: CalendarSettings) -> str:
    """What a calendar server is told, what is kept in step with it included."""
    synced = {
        "lists": "lists",
        "reminders": "reminders for everyone",
        "personal_reminders": "reminders of single people",
        "alarms": "alarms",
    }
    own = ("events and tasks that you add", *(name for part, name in synced.items() if part in calendar.sync))
    return f"{', '.join(own)}, and questions for them"


def _told(title: str, about: str, *, by: str, places: tuple[Outgoing, ...]) -> FixedOutgoing:
    return FixedOutgoing(title=title, about=about, where=f"{by} in {FILE}", outgoing=places)


def _plain(place: str, sends: str, *, name: str | None = None) -> Outgoing:
    return Outgoing(host=place, sends=sends, is_encrypted=False, is_this_machine=is_loopback(name or place))


def _database(url: str, sends: str) -> Outgoing:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    return _plain(f"{host}:{parts.port}" if parts.port else host, sends, name=host)


def _by_url(url: str, sends: str) -> Outgoing:
    parts = urlsplit(url)
    host = parts.hostname or url
    place = f"{host}:{parts.port}" if parts.port else host
    return Outgoing(host=place, sends=sends, is_encrypted=parts.scheme == "https", is_this_machine=is_loopback(host))
