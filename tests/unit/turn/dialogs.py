"""Conversations in text through the real turn: the machine, its runner, the templates and dialog, and the skills of a house."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from earwitness.domain.intent import Context
from earwitness.domain.turn import Turn
from earwitness.turn.once import AttentiveDevice, answer
from earwitness.turn.runner import Conversation, Engines, Manner
from earwitness.turn.workers import Workers
from earwitness.understand.grammar import Grammar
from earwitness.understand.living import LivingGrammar
from tests.fakes import Beeper, LoudnessVad, ScriptedRecogniser
from tests.unit.skills.houses import HOME, House


@lru_cache(maxsize=1)
def dialog() -> LivingGrammar:
    """What is understood in HOME."""
    return LivingGrammar(lambda: Grammar(HOME))


@dataclass
class Typed:
    """Types one request after the other, as on a page in the kitchen."""

    house: House
    workers: Workers
    here: Context = field(default_factory=lambda: Context(area="Kitchen", device_id="page-1"))

    async def turn(self, text: str) -> Turn:
        engines = Engines(
            recogniser=ScriptedRecogniser(),
            glimpse=None,
            understander=dialog(),
            skills=self.house.skills,
            synthesiser=Beeper(),
            workers=self.workers,
        )
        device, manner = AttentiveDevice(), Manner(is_live=False, is_silent=True)
        conversation = Conversation(device=device, engines=engines, vad=LoudnessVad(), manner=manner, context=self.here)
        turn = await answer(text, conversation=conversation, device=device)
        self.here = device.next_context or self.here
        return turn

    async def say(self, text: str) -> str:
        """The reply to a request."""
        return (await self.turn(text)).reply

    def someone_else(self, person_id: str) -> None:
        """From now on another person types."""
        self.here = replace(self.here, person_id=person_id)
