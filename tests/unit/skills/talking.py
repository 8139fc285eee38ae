"""A conversation in text with the skills of a house: what is understood is done, and a question waits for its answer."""

from dataclasses import dataclass, field, replace

from earwitness.domain.intent import Before, Context
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import House


@dataclass
class Talk:
    """Says sentences one after the other; `here` is where and who."""

    house: House
    grammar: Grammar
    here: Context = field(default_factory=Context)
    last: SkillResult | None = None
    before: Before | None = None

    async def result(self, text: str) -> SkillResult:
        """What comes of a sentence."""
        waiting = self.last.asks if self.last is not None else None
        context = replace(waiting or self.here, before=self.before)
        heard = self.grammar.understand(text, context=context)
        assert heard.intent is not None, f"{text!r} is not understood: {heard.reason}"
        foreseen = self.house.skills.foresee(heard.intent, context=context)
        self.last = await self.house.skills.perform(heard.intent, context=context)
        if foreseen is not None and self.last.outcome is not Outcome.FAILED:
            assert foreseen == self.last.reply, "what was foreseen is what is said"
        self.before = Before(
            transcript=text,
            reply=self.last.reply,
            reason=heard.reason,
            outcome=self.last.outcome.value,
            intent=heard.intent,
            why=self.last.why,
            more=self.last.more,
            undo=self.last.undo,
        )
        return self.last

    async def say(self, text: str) -> str:
        """The reply to a sentence."""
        return (await self.result(text)).reply
