"""All sounds that something may ring with, by reference, by what people call them, and as samples.

The seam for music: whatever else gives music later does so as references here, resolved to samples on this server. Calls block.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import AlertError
from earwitness.domain.ring_sound import MUSIC, TONE, level_at
from earwitness.ringing.music_folder import MOST_FILES, MusicFolder, title_of
from earwitness.ringing.scores import scores, sound

MOST_KEPT: Final = 6
"""Pieces of music that stay decoded."""
TONE_WORDS: Final = frozenset(f"{word}{noun}" for word in ("usual", "normal", "default") for noun in ("", " sound", " tone")) | {
    "tone"
}
MUSIC_WORDS: Final = frozenset({"music", "some music", "a song", "song"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundChoice:
    """A sound that may be chosen."""

    reference: str
    title: str

    @property
    def is_music(self) -> bool:
        return self.reference.startswith(MUSIC)


class RingSounds:
    """The shelf. `tone` gives the sound that every device has built in, `usual` the reference that the household chose for
    alarms for which none is named."""

    def __init__(self, *, tone: Callable[[], Pcm], music: MusicFolder, usual: Callable[[], str] = lambda: TONE) -> None:
        self._tone = tone
        self._usual = usual
        self._music = music
        self._kept: OrderedDict[tuple[object, ...], Pcm] = OrderedDict()
        self._lock = threading.Lock()

    def choices(self) -> tuple[SoundChoice, ...]:
        """Everything that may be chosen: ours, then music by title."""
        music = [SoundChoice(reference=one, title=title_of(one)) for one in self._music.files()]
        return (*self._ours(), *sorted(music, key=lambda one: (one.title.casefold(), one.reference)))

    def usual(self) -> SoundChoice:
        """What an alarm rings with for which no sound is named: what the household chose, the tone where that is gone."""
        reference = self._usual()
        try:
            is_there = reference in (TONE, *scores()) or bool(self._music.stamp(reference))
        except AlertError:
            is_there = False
        if not is_there:
            return self.named(TONE)
        return self.named(reference)

    def named(self, reference: str) -> SoundChoice:
        """The choice of that reference, with its title, also if its file is gone."""
        ours = {one.reference: one for one in self._ours()}
        return ours.get(reference) or SoundChoice(reference=reference, title=title_of(reference))

    def meant(self, words: str, *, among: Sequence[SoundChoice] | None = None) -> tuple[SoundChoice, ...]:
        """Those that people may mean by these words: one if they are clear, none if there is no such sound.

        `among` are the `choices`, for who asks of several words: then the folder of music is looked through once.
        """
        said = " ".join(words.casefold().split()).removeprefix("the ")
        if said in TONE_WORDS:
            return (self.named(TONE),)
        ours = [self.named(name) for name, score in scores().items() if said in (name, *score.spoken)]
        if ours:
            return tuple(ours)
        music = [one for one in (self.choices() if among is None else among) if one.is_music]
        if said in MUSIC_WORDS:
            return tuple(music)
        for first in ("music by ", "music ", "song "):
            said = said.removeprefix(first)
        whole = [one for one in music if one.title.casefold() == said]
        parts = set(said.split())
        return tuple(whole or [one for one in music if parts and parts <= _words(one.reference)])

    def pcm(self, reference: str) -> Pcm:
        """Its samples: int16, 24 kHz mono, to be played again and again. Raises AlertError (alert.no_sound)."""
        if reference == TONE:
            return self._tone()
        if reference in scores():
            return sound(reference)
        key = (reference, *self._music.stamp(reference))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._music.sound(reference)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made

    def check(self, reference: str) -> None:
        """Raises AlertError (alert.no_sound) for what cannot be rung with now."""
        self.pcm(reference)

    def _ours(self) -> tuple[SoundChoice, ...]:
        made = tuple(SoundChoice(reference=name, title=score.title) for name, score in scores().items())
        return (SoundChoice(reference=TONE, title="The usual tone"), *made)


def risen(pcm: Pcm, *, since_seconds: float) -> Pcm:
    """The same sound at the levels of one that began softly `since_seconds` ago, for devices that cannot raise it themselves."""
    samples = np.frombuffer(pcm.data, "<i2")
    step = max(1, pcm.rate_hz // 100)
    at = np.arange(0, len(samples) + step, step)
    levels = np.array([level_at(since_seconds + float(index) / pcm.rate_hz) for index in at])
    louder = samples * np.interp(np.arange(len(samples)), at, levels)
    return Pcm(data=np.rint(louder).astype("<i2").tobytes(), rate_hz=pcm.rate_hz)


@lru_cache(maxsize=2 * MOST_FILES)
def _words(reference: str) -> frozenset[str]:
    path = reference.removeprefix(MUSIC)
    plain = "".join(letter if letter.isalnum() else " " for letter in path.casefold().rpartition(".")[0])
    return frozenset(plain.split())
