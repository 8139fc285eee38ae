"""The assistant itself: say it again, why, what went wrong, tell me more, how it speaks, what it can do.

What it says of the request before comes from `Context.before`, which is in memory only and forgets every request but the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from earwitness.domain.intent import Before
from earwitness.domain.skill import SkillManifest
from earwitness.domain.voice import Voice
from earwitness.domain.wish import VoiceWish, VolumeWish
from earwitness.skills.devices import percent_slot
from earwitness.skills.interface import Context, Intent, Outcome, Parts, Skill, SkillResult, answered, refuse, slot_text
from earwitness.skills.resolve import plain
from earwitness.skills.wording import listed, sentence

VOLUME_STEP: Final = 15
FASTER: Final = 1.15
SLOWER: Final = 1 / FASTER
TOLD_AT_MOST: Final = 4
NOTHING_BEFORE: Final = "I remember no request before this one."
NO_MORE: Final = "There is no more to tell."
_FAILED: Final = frozenset(("failed", "refused", "not_understood", "not_heard", "cancelled"))
_MANNERS: Final = {
    "faster": (VoiceWish(speed_factor=FASTER), "I speak faster now."),
    "slower": (VoiceWish(speed_factor=SLOWER), "I speak more slowly now."),
    "usual": (VoiceWish(speed_factor=0.0, is_quiet=False), "I speak as usual again."),
    "quiet": (VoiceWish(is_quiet=True), "I speak quietly now."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantSkill:
    """`voices` and `manifests` give what there is now."""

    voices: Callable[[], Sequence[Voice]]
    manifests: Callable[[], Sequence[SkillManifest]]

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        result = self._result(intent, context)
        return None if result.wish is not None else result.reply

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return self._result(intent, context)

    def _result(self, intent: Intent, context: Context) -> SkillResult:
        match intent.name:
            case "RepeatReply":
                return answered(_before(context).reply or "I said nothing.")
            case "AskWhy":
                return answered(self._why(_before(context)))
            case "AskFailure":
                return answered(self._failure(_before(context)))
            case "TellMore":
                return answered(_before(context).more or NO_MORE)
            case "SetOwnVolume":
                return _volume(VolumeWish(percent=round(percent_slot(intent, "percent"))))
            case "ChangeOwnVolume":
                return _volume(VolumeWish(change=-VOLUME_STEP if intent.slots.get("direction") == "down" else VOLUME_STEP))
            case "SpeakDifferently":
                wish, reply = _MANNERS.get(slot_text(intent.slots, "manner"), _MANNERS["usual"])
                return SkillResult(outcome=Outcome.DONE, reply=reply, wish=wish)
            case "ChooseVoice":
                return self._choose_voice(slot_text(intent.slots, "voice_name"), context)
            case "AskVoices":
                return self._tell_voices()
            case _:
                return self._tell_skills(slot_text(intent.slots, "skill_title"))

    # The request before

    def _why(self, before: Before) -> str:
        heard = f'I heard "{before.transcript}"' if before.transcript else "I heard no words"
        if before.intent is None:
            return f"{heard}. {before.reason}"
        skill = next((one for one in self.manifests() if before.intent.name in one.intents), None)
        known = f"which is one of the sentences of {skill.title}" if skill else "which I know as a request"
        return f"{heard}, {known}. {before.why}".strip()

    def _failure(self, before: Before) -> str:
        if before.outcome not in _FAILED:
            return f"As far as I know, it worked. I said: {before.reply}"
        heard = f'I heard "{before.transcript}". ' if before.transcript else ""
        if before.outcome in ("not_understood", "not_heard"):
            return f"{heard}{before.reason}"
        return f"{heard}{before.reply or before.reason}"

    # How it speaks

    def _choose_voice(self, said: str, context: Context) -> SkillResult:
        installed = [voice for voice in self.voices() if voice.is_installed]
        names = {plain(voice.name): voice.name for voice in installed}
        if said == "another":
            raise refuse(f"Say which voice, for example {listed(_some(list(names.values())), last='or')}")
        near = get_close_matches(plain(said), list(names), n=1, cutoff=0.7)
        if not near:
            raise refuse(f"I have no voice called {said}; there are {listed(_some(list(names.values())))}")
        name = names[near[0]]
        return SkillResult(outcome=Outcome.DONE, reply=f"This is the voice of {name.title()}.", wish=VoiceWish(voice=name))

    def _tell_voices(self) -> SkillResult:
        names = [voice.name.title() for voice in self.voices() if voice.is_installed]
        first, rest = names[:TOLD_AT_MOST], names[TOLD_AT_MOST:]
        more = f"The others are {listed(rest)}." if rest else ""
        return SkillResult(outcome=Outcome.ANSWERED, reply=f"I have {len(names)} voices, {listed(first)} among them.", more=more)

    # What it can do

    def _tell_skills(self, title: str) -> SkillResult:
        skills = self.manifests()
        if not title:
            some = listed([f'"{skill.examples[0]}"' for skill in skills[:TOLD_AT_MOST]], last="or")
            rest = " ".join(f'{skill.title}: "{skill.examples[0]}".' for skill in skills[TOLD_AT_MOST:])
            return SkillResult(outcome=Outcome.ANSWERED, reply=f"You can say {some}, and much more.", more=rest)
        titles = {plain(skill.title): skill for skill in skills} | {plain(skill.name): skill for skill in skills}
        near = get_close_matches(plain(title), list(titles), n=1, cutoff=0.6)
        if not near:
            raise refuse(f"I have no skill called {title}")
        skill = titles[near[0]]
        examples = listed([f'"{example}"' for example in skill.examples[:3]], last="or")
        return answered(f"{sentence(skill.about)} Say {examples}.")


def _before(context: Context) -> Before:
    if context.before is None:
        raise refuse(NOTHING_BEFORE)
    return context.before


def _volume(wish: VolumeWish) -> SkillResult:
    return SkillResult(outcome=Outcome.DONE, reply="My volume is at {percent} percent.", wish=wish)


def _some(names: Sequence[str]) -> list[str]:
    return [name.title() for name in names[:TOLD_AT_MOST]]


def make(parts: Parts) -> Skill:
    return AssistantSkill(voices=parts.inside.voices, manifests=parts.inside.manifests)
