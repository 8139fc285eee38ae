"""The sentences that trials have spoken, each made once for a voice: several trials, and several houses, use the same."""

from typing import Final

from earwitness.build import House
from earwitness.demo import sound_of
from earwitness.domain.audio import Pcm

_MADE: Final[dict[tuple[str, ...], Pcm]] = {}


def spoken(house: House, *sentences: str) -> Pcm:
    """The sentences in the house's usual voice, with silence around them (`demo.sound_of`). Blocks."""
    key = (house.settings.speech.voice, *sentences)
    if key not in _MADE:
        _MADE[key] = sound_of(house, *sentences)
    return _MADE[key]
