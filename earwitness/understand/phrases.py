"""Sentences that a household made: the phrases of its routines and what they are called, as a file and lists would have them.

Pure. "Turn off my cinema routine" is here, with a list of names: with any words in their place, "turn off the attic" would be
the beginning of such a sentence.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from hassil.intents import TextSlotList

from earwitness.domain.skill import SkillManifest

INTENT: Final = "RunRoutine"
LIST: Final = "routine_phrase"
CALLED: Final = "routine_called"
PARTS_OF_DAY: Final = ("morning", "afternoon", "evening", "night")
"""By which a routine that runs at times may be called."""
_SPECIAL: Final = re.compile(r"[\[\](){}|<>\\:]")

PHRASES: Final = SkillManifest(
    name="routine_phrases",
    title="Routines",
    about="What this household made.",
    examples=(),
    sentences={
        "language": "en",
        "intents": {
            INTENT: {"data": [{"sentences": [f"{{{LIST}:routine}}"], "metadata": {"wins": True}}]},
            "SwitchRoutine": {
                "data": [
                    {
                        "sentences": [
                            f"(turn|switch) {state} (the|my|our) {{{CALLED}:which}} routine",
                            f"(turn|switch) (the|my|our) {{{CALLED}:which}} routine [back] {state}",
                        ],
                        "slots": {"is_on": state},
                        "metadata": {"wins": True},
                    }
                    for state in ("on", "off")
                ]
            },
        },
    },
)
"""The sentences of all routines; what may be said is in the lists."""


def phrase_list(phrases: Mapping[str, str]) -> TextSlotList:
    """The phrases that can be sentences: phrase to the routine's id."""
    spoken = {" ".join(_SPECIAL.sub(" ", phrase).split()): routine_id for phrase, routine_id in phrases.items()}
    said = [(phrase, routine_id) for phrase, routine_id in spoken.items() if phrase]
    return TextSlotList.from_tuples(said, allow_template=False, name=LIST)


def called_list(names: Iterable[str]) -> TextSlotList:
    """What routines are called: their names and phrases, and the parts of the day."""
    spoken = dict.fromkeys(" ".join(_SPECIAL.sub(" ", name).split()) for name in (*names, *PARTS_OF_DAY))
    return TextSlotList.from_tuples([(name, name) for name in spoken if name], allow_template=False, name=CALLED)
