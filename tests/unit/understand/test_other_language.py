"""German, French and Spanish by text: what is said is done, answered in that language, and nothing of privacy is understood."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest

from bench.languages import HOMES, measured
from earwitness.domain.confirmation import ConfirmationPolicy
from earwitness.domain.errors import SettingsError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.home_file import read_home
from earwitness.links.simulated_home import SimulatedHome
from earwitness.skills.in_other_language import InOtherLanguage
from earwitness.understand.living import LivingGrammar
from earwitness.understand.other_language import LANGUAGES, OtherLanguage, words_of
from earwitness.understand.sentences import exact_intents, own_manifests
from tests.unit.skills.houses import house


@lru_cache(maxsize=3)
def understander(language: str) -> LivingGrammar:
    home = read_home(HOMES / f"{language}.yaml")
    return LivingGrammar(lambda: OtherLanguage(home, language=language))


class Speaker:
    """Types sentences in one language into a house of its own."""

    def __init__(self, folder: Path, language: str) -> None:
        self.home = SimulatedHome(read_home(HOMES / f"{language}.yaml"))
        kept = house(folder, link=self.home, policy=ConfirmationPolicy())
        clock = lambda: datetime(2026, 11, 24, 15, 7, tzinfo=UTC)  # noqa: E731
        self.skills = InOtherLanguage(kept.skills, language=language, home=self.home.snapshot, clock=clock)
        self.language = language
        self.here = Context(area=self.home.snapshot().areas[0].name)

    async def say(self, text: str) -> SkillResult:
        heard = understander(self.language).understand(text, context=self.here)
        assert heard.intent is not None, text
        result = await self.skills.perform(heard.intent, context=self.here)
        self.here = result.asks or Context(area=self.here.area)
        return result

    def state(self, name: str) -> str:
        return next(one.state for one in self.home.snapshot().devices if one.name == name)


@pytest.mark.parametrize(
    ("language", "said", "device", "state", "reply"),
    [
        ("de", "schalte das Licht in der Küche an", "Deckenlampe", "on", "Licht eingeschaltet."),
        ("de", "Mach bitte die Stehlampe aus!", "Stehlampe", "off", "Licht ausgeschaltet."),
        ("de", "ist die Haustür abgeschlossen?", "Haustür", "locked", "Ja."),
        ("de", "stell die Helligkeit der Stehlampe auf 30 Prozent", "Stehlampe", "on", "Helligkeit eingestellt."),
        ("fr", "allume la lumière dans la cuisine", "Plafonnier", "on", "Allumé."),
        ("fr", "éteins le lampadaire s'il te plaît", "Lampadaire", "off", "Éteint."),
        ("es", "enciende la luz de la cocina", "Lámpara de techo", "on", "Luces encendidas."),
        ("es", "¿Está la lámpara de pie encendida?", "Lámpara de pie", "on", "Sí."),
    ],
)
async def test_it_is_done_and_said(language: str, said: str, device: str, state: str, reply: str, tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, language)
    result = await speaker.say(said)
    assert (result.outcome in (Outcome.DONE, Outcome.ANSWERED), speaker.state(device), result.reply) == (True, state, reply)


@pytest.mark.parametrize(
    ("language", "said", "door", "yes"),
    [
        ("de", "schließ die Haustür auf", "Haustür", "ja"),
        ("fr", "déverrouille la porte", "Porte", "oui"),
        ("es", "abre la puerta principal", "Puerta principal", "sí"),
    ],
)
async def test_what_is_risky_is_asked_first(language: str, said: str, door: str, yes: str, tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, language)
    asked = await speaker.say(said)
    assert (asked.outcome, speaker.state(door)) == (Outcome.ASKED, "locked")
    assert str(words_of(language)["replies"]["asked"]) in asked.reply
    assert (await speaker.say(yes)).outcome is Outcome.DONE
    assert speaker.state(door) == "unlocked"


async def test_the_question_names_what_it_is_about_when_the_request_does_not(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, "de")
    unlock = Intent(name="HassTurnOff", slots={"domain": "lock"})
    asked = await speaker.skills.perform(unlock, context=speaker.here)
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, "Haustür: Soll ich das wirklich tun?")


async def test_what_cannot_be_done_is_not_said_to_be(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, "de")
    heard = understander("de").understand("öffne die Garage", context=speaker.here).intent
    if heard is not None:
        assert (await speaker.skills.perform(heard, context=speaker.here)).outcome is not Outcome.DONE
    refused = await speaker.say("öffne die Vorhänge in der Küche")
    assert refused.outcome is not Outcome.DONE
    assert refused.reply in words_of("de")["replies"].values()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_packages_own_sentences_are_understood(language: str) -> None:
    found = measured(language, read_home(HOMES / f"{language}.yaml"), each=3)
    assert found.sentences > 60
    assert found.intent >= 0.98
    assert found.whole >= 0.97
    assert found.intent >= found.plain_intent, "the filter drops nothing that matches"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "said", ["keep my recordings", "behalte meine Aufnahmen", "garde mes enregistrements", "guarda mis grabaciones"]
)
def test_no_consent_is_understood(language: str, said: str) -> None:
    heard = understander(language).understand(said, context=Context()).intent
    assert heard is None or heard.name not in exact_intents(own_manifests())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_home_with_people_in_it(language: str) -> None:
    home = read_home(HOMES / f"{language}.yaml")
    ada = replace(home.devices[0], device_id="ada", name="Ada", domain="person", area=None, state="home")
    grammar = OtherLanguage(replace(home, devices=(*home.devices, ada)), language=language)
    assert grammar.understand("Ada Ada", context=Context()).intent is None, "no list is missing"


def test_a_language_that_is_not_there() -> None:
    with pytest.raises(SettingsError):
        OtherLanguage(read_home(HOMES / "de.yaml"), language="xx")
