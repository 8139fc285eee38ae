"""Requests whose sentence is known and whose name is not, quite: "turn on the kitchin light", "bed room lamp off". Pure.

Owns which name of the home the words stand for, by sound and spelling. A name is taken only if the sentence fits once it stands
there; the grammar says so. Words that are names of rooms or kinds of things in any home were not misheard: who says "bedroom"
where there is a bathroom means a bedroom. The thresholds are from tests/unit/understand/test_misheard.py, which has what our
recognisers made of names of devices (bench/names_heard.tsv) and sentences for other homes.

Nothing is decided for good here: the intent says that it was understood by sound (`BY_SOUND`), so that what is risky is asked
about, and names those that are near each other (`NEAR`), so that it is asked which was meant.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extract

from earwitness.domain.home import Home
from earwitness.domain.intent import Intent
from earwitness.understand.names import area_sayings, device_sayings, floor_sayings, group_sayings
from earwitness.understand.sounding import score

BY_SOUND: Final = "by_sound"
"""Slot of an intent that was understood so: the words that were heard for a name."""
NEAR: Final = "near"
"""Slot beside it where it is not clear which: the names that may be meant, a line each, the likeliest first."""
NEAR_SLOT: Final = "near_slot"
"""Slot beside that one: which slot the name belongs into."""

CLEAR: Final = 0.76
"""From this on a name is taken without asking, if no other is near."""
LIKELY: Final = 0.66
"""From this on it is asked whether it was meant."""
ALMOST: Final = CLEAR - 0.01
APART: Final = 0.10
"""How far the next best must be behind, for the best to be clear."""
ASKED_AT_MOST: Final = 3
MOST_WORDS: Final = 16
"""Longer requests to devices are rare; what is longer is not looked at."""
LONGEST_NAME: Final = 5
"""Words that can stand for one name."""
SHORTEST: Final = 3
"""Letters; whatever is shorter sounds like too much else."""
SHORT: Final = 4
"""Letters; of what is no longer too many words sound alike, so that it is asked about."""
LEAST_ALIKE: Final = 0.5
"""Letters that words and a name must have in common, of those of the longer, to be compared by sound at all."""
TRIED_AT_MOST: Final = 8
"""Names that are tried in the sentence, the likeliest first."""

INTENTS: Final = frozenset(
    {
        *("HassTurnOn", "HassTurnOff", "HassToggle", "HassOpenCover", "HassCloseCover", "HassSetPosition", "HassStopMoving"),
        *("HassLightSet", "ChangeBrightness", "HassFanSetSpeed", "FanSetMode", "HassGetState"),
        *("HassClimateSetTemperature", "ChangeTemperature", "HassClimateGetTemperature", "HassClimateSetFanMode"),
        *("HassMediaNext", "HassMediaPrevious", "HassMediaPause", "HassMediaUnpause", "HassSetVolume", "HassSetVolumeRelative"),
        *("HassMediaPlayerMute", "HassMediaPlayerUnmute"),
        *("HassVacuumStart", "HassVacuumReturnToBase", "HassLawnMowerStartMowing", "HassLawnMowerDock"),
    }
)
"""What may be understood so: requests to the devices of the home, and questions about them."""

_HOMES_HAVE: Final = """
    attic balcony basement bath bathroom bedroom bedrooms cellar closet conservatory corridor deck den dining dressing driveway
    entrance entry entryway foyer front back garage garden guest gym hall hallway house kids kid's kitchen landing laundry library
    living loft lounge master media nursery office outdoor outside inside pantry patio play playroom pool porch room shed shop
    spare stairs staircase storage studio study sunroom terrace toilet utility veranda workshop yard backyard upstairs downstairs
    light lights lamp lamps bulb bulbs spotlight spotlights chandelier lantern strip led switch switches plug plugs socket outlet
    fan fans heater heating radiator thermostat boiler conditioner conditioning air ac blind blinds curtain curtains shade shades
    shutter shutters awning window windows door doors gate gates lock locks cover covers valve sprinkler sprinklers pump speaker
    speakers tv television radio stereo soundbar projector screen player computer printer camera doorbell alarm vacuum mower robot
    washer dryer dishwasher oven stove cooker fridge freezer microwave kettle toaster coffee machine maker humidifier dehumidifier
    purifier sensor sensors temperature humidity motion battery power energy scene mode
    desk table floor wall ceiling bed bedside night counter sink shower mirror cabinet shelf sofa couch tree fireplace christmas
    left right top bottom upper lower middle center centre side main big small new old north south east west
    red green blue white black yellow orange purple pink warm cool
    zero one two three four five six seven eight nine ten eleven twelve first second third fourth last other
    mum mom dad grandma grandpa baby boy girl
"""
_WELL_KNOWN: Final = frozenset(_HOMES_HAVE.split())
"""What homes have, by any name: who says such a word and is heard so means just that."""
_SENTENCES_HAVE: Final = """
    a all an and are at by can close closed color colour dim down every everything for from go i in is it make me my no not of off
    on open our out percent please set shut start stop that the then there this to turn up volume what what's when where which who
    will with you your lock locked unlock unlocked brightness degrees play pause
"""
_NEVER: Final = frozenset(_SENTENCES_HAVE.split())
"""Words of sentences: never what a name was misheard as."""
_ARTICLES: Final = frozenset(("the", "my", "our", "a", "an"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    saying: str
    words: tuple[str, ...]
    joined: str
    canonical: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guess:
    """`said` stands in the request from word `start` up to `end`, and may stand for `name`."""

    score: float
    start: int
    end: int
    said: str
    name: _Name


class BySound:
    """The names of one home, to be found where something like them was heard."""

    def __init__(self, home: Home) -> None:
        devices = {saying: those[0].name for saying, those in device_sayings(home).items()}
        groups = {saying: group for saying, (group, _) in group_sayings(home).items()}
        sayings = (*devices.items(), *groups.items(), *area_sayings(home).items(), *floor_sayings(home).items())
        self._names = tuple(_name(saying, canonical) for saying, canonical in sayings if len(saying) >= SHORTEST)
        self._exact = frozenset(name.saying for name in self._names)
        self._joined = [name.joined for name in self._names]
        self._with_word: dict[str, list[int]] = {}
        self._of_letters: dict[str, list[int]] = {}
        for place, name in enumerate(self._names):
            self._of_letters.setdefault(_letters(name.joined), []).append(place)
            for word in frozenset(name.words):
                self._with_word.setdefault(word, []).append(place)

    def meant(self, plain: str, *, match: Callable[[str], Intent | None]) -> Intent | None:
        """What `plain` means with a name of this home in place of one that sounds so; None if it means nothing so either.

        `match` gives the intent of a text whose names are exact, as the grammar has it.
        """
        words = plain.split()
        if not 2 <= len(words) <= MOST_WORDS:
            return None
        found: list[tuple[_Guess, Intent, str]] = []
        for guess in self._guesses(words)[:TRIED_AT_MOST]:
            text = " ".join((*words[: guess.start], guess.name.saying, *words[guess.end :]))
            intent = match(text)
            slot = _slot_of(guess.name.canonical, intent)
            if intent is not None and slot:
                found.append((guess, intent, slot))
        return _chosen(found)

    def _guesses(self, words: list[str]) -> list[_Guess]:
        """What may stand for which name, the likeliest first; each name once, where it fits best."""
        best: dict[str, _Guess] = {}
        for start, end in _spans(words):
            said = tuple(word.casefold().strip(",.!?") for word in words[start:end])
            joined = "".join(said)
            if len(joined) < SHORTEST or " ".join(said) in self._exact:
                continue
            for name in self._near(said, joined):
                value = likeness(said, name.words, joined=(joined, name.joined))
                if value < LIKELY:
                    continue
                before = best.get(name.canonical)
                if before is None or (value, end - start) > (before.score, before.end - before.start):
                    best[name.canonical] = _Guess(score=value, start=start, end=end, said=" ".join(said), name=name)
        return sorted(best.values(), key=lambda guess: -guess.score)

    def _near(self, said: tuple[str, ...], joined: str) -> list[_Name]:
        """The names that may be like some words, in order. Words that are never misheard have to be in the name, unless all the
        letters are the same."""
        certain = {word for word in said if word in _NEVER or word in _WELL_KNOWN}
        if certain:
            those = frozenset.intersection(*(frozenset(self._with_word.get(word, ())) for word in certain))
            places = sorted(those.union(self._of_letters.get(_letters(joined), ())))
        else:
            near = extract(joined, self._joined, scorer=Levenshtein.normalized_similarity, score_cutoff=LEAST_ALIKE, limit=None)
            places = sorted(place for _, _, place in near)
        return [self._names[place] for place in places]


def likeness(said: tuple[str, ...], name: tuple[str, ...], *, joined: tuple[str, str]) -> float:
    """How likely `said` is the name, misheard, from 0 to 1; words of both count for nothing: the others have to sound alike.

    `joined` are both without spaces. "bed room" is "bedroom"; "lamp" is not "light", and "bathroom" not "bedroom".
    """
    ours, theirs = joined
    if ours == theirs:
        return 0.99
    longer, shorter = max(len(ours), len(theirs)), min(len(ours), len(theirs))
    if shorter * 2 < longer or Levenshtein.normalized_similarity(ours, theirs) < LEAST_ALIKE:
        return 0.0
    shared = Counter(said) & Counter(name)
    left, right = _without(said, shared), _without(name, shared)
    if not left or not right or any(word in _NEVER for word in left) or not _NEVER.isdisjoint(right):
        return 0.0
    if any(word in _WELL_KNOWN for word in left) and "".join(left) != "".join(right):
        return 0.0
    value = min(score(" ".join(left), " ".join(right)), score(" ".join(said), " ".join(name)))
    return min(value, ALMOST) if min(len("".join(left)), len("".join(right))) <= SHORT else value


def _without(words: tuple[str, ...], shared: Counter[str]) -> tuple[str, ...]:
    left = Counter(shared)
    kept = []
    for word in words:
        if left[word] > 0:
            left[word] -= 1
        else:
            kept.append(word)
    return tuple(kept)


def _letters(joined: str) -> str:
    return "".join(sorted(joined))


def _name(saying: str, canonical: str) -> _Name:
    words = tuple(saying.casefold().split())
    return _Name(saying=saying, words=words, joined="".join(words), canonical=canonical)


def _spans(words: list[str]) -> Iterator[tuple[int, int]]:
    for start in range(len(words)):
        if words[start].casefold() in _ARTICLES:
            continue
        for end in range(start + 1, min(start + LONGEST_NAME, len(words)) + 1):
            yield start, end


def _slot_of(canonical: str, intent: Intent | None) -> str:
    """The slot that holds the name; empty when the sentence took it for something else, or is none that may be guessed."""
    if intent is None or intent.name not in INTENTS:
        return ""
    slots: Mapping[str, object] = intent.slots
    return next((slot for slot in ("name", "area", "floor") if slots.get(slot) == canonical), "")


def _chosen(found: list[tuple[_Guess, Intent, str]]) -> Intent | None:
    """The intent of the likeliest; with those that are near it, if it is not clear."""
    if not found:
        return None
    guess, intent, slot = found[0]
    rivals = [
        one for one, other, place in found if guess.score - one.score < APART and (other.name, place) == (intent.name, slot)
    ]
    heard = replace(intent, slots={**intent.slots, BY_SOUND: guess.said})
    if guess.score >= CLEAR and len(rivals) == 1:
        return heard
    names = "\n".join(one.name.canonical for one in rivals[:ASKED_AT_MOST])
    return replace(heard, slots={**heard.slots, NEAR: names, NEAR_SLOT: slot})
