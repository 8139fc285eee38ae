"""With which sound an alarm is to ring, from what was said: "with birds", "to music by Bach". It reads no time itself.

What is promised is what will be heard: satellites that can only ring with a tone of their own are named. Calls block.
"""

import re
from typing import Final

from earwitness.domain.ring_sound import TONE
from earwitness.domain.satellite import Station
from earwitness.domain.times import Frame
from earwitness.ringing.shelf import RingSounds, SoundChoice
from earwitness.skills.alert_making import without_filling
from earwitness.skills.announcements import places
from earwitness.skills.interface import Context, Intent, ask, refuse, slot_text
from earwitness.skills.wording import listed
from earwitness.understand.times import find, read

MOST_WORDS: Final = 8
"""Of a sound's name."""
MOST_TOLD: Final = 5
_BEGINS: Final = re.compile(r"\b(?:with|to|using|by)\s+(?:the sound of\s+|the sounds of\s+)?", re.IGNORECASE)


def take_sound(words: str, *, sounds: RingSounds | None, frame: Frame) -> tuple[str, str]:
    """The words without those that name a sound, and these. Raises UnfulfillableError for "with" and something that is none."""
    named = list(_BEGINS.finditer(words)) if sounds is not None else []
    known = sounds.choices() if sounds is not None and named else ()
    for begins in named:
        after = words[begins.end() :].split()
        for count in range(min(MOST_WORDS, len(after)), 0, -1):
            said = " ".join(after[:count])
            if sounds is not None and sounds.meant(said, among=known):
                return f"{words[: begins.start()]} {' '.join(after[count:])}".strip(), said
    last = list(re.finditer(r"\bwith\s+", words, re.IGNORECASE))
    if last:
        before, said = words[: last[-1].start()].strip(), words[last[-1].end() :]
        when = find(before, frame=frame)
        is_after_time = (when is not None and not without_filling(when.rest)) or read(before, frame=frame) is not None
        if is_after_time and find(said, frame=frame) is None:
            raise no_such(said, sounds)
    return words, ""


def chosen(said: str, *, sounds: RingSounds | None, intent: Intent, context: Context) -> SoundChoice:
    """The sound that is meant. Raises UnfulfillableError to ask which, or for none."""
    found = sounds.meant(said) if sounds is not None else ()
    if len(found) > 1 and sounds is not None and (answer := slot_text(intent.slots, "which_sound")):
        among = [one for one in sounds.meant(answer) if one in found]
        found = tuple(among) or found
    if not found:
        raise no_such(said, sounds)
    if len(found) > 1:
        titles = [one.title for one in found[:MOST_TOLD]]
        more = f", or another of {len(found)}" if len(found) > MOST_TOLD else ""
        raise ask(f"Which one: {listed(titles, last='or')}{more}?", slot="which_sound", intent=intent, context=context)
    return found[0]


def no_such(said: str, sounds: RingSounds | None) -> Exception:
    """That there is no such sound, and which there are."""
    ours = [one.title.lower() for one in sounds.choices() if not one.is_music] if sounds is not None else []
    known = f"; there are {listed(ours)}" if ours else ""
    return refuse(f'There is no sound "{said}" that I can ring with{known}')


def told_manner(choice: SoundChoice | None, *, is_soft: bool) -> str:
    """How it rings, to be said after when: " with birds, softly at first"."""
    sound = ""
    if choice is not None and choice.reference != TONE:
        sound = f" with {choice.title if choice.is_music else choice.title.lower()}"
    return f"{sound}{', softly at first' if is_soft else ''}"


def told_plain(plain: tuple[Station, ...]) -> str:
    """Where it does not ring so; empty if it does everywhere."""
    if not plain:
        return ""
    where = places(plain)
    return f" {where[0].upper()}{where[1:]} it can only ring with the usual tone, at its usual volume."
