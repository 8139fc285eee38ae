"""What nothing here understands, asked of somebody who says it otherwise: nothing is done before a yes."""

from dataclasses import dataclass, field, replace

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.home_file import demo_home
from earwitness.skills.interface import UnfulfillableError
from earwitness.skills.rephrasing import ask_what_is_meant
from earwitness.skills.rephrasing_port import Rephrasing
from earwitness.understand.grammar import Grammar
from earwitness.understand.last_resort import ASK_WHAT_IS_MEANT, LastResort
from earwitness.understand.living import LivingGrammar

HERE = Context(area="Kitchen")
WORDS = "my eyes hurt from all that darkness"


@dataclass
class Model:
    """Says one sentence for everything."""

    sentence: str | None = "turn on the kitchen light"
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    async def ask(self, request: str) -> str | None:
        self.asked.append(request)
        if self.fails:
            raise LinkError("The language model did not answer in time.", code="link.slow")
        return self.sentence


@pytest.fixture(scope="module")
def grammar() -> LivingGrammar:
    return LivingGrammar(lambda: Grammar(demo_home()), layered=lambda grammar: LastResort(grammar, asked="the model at home"))


@dataclass
class Talk:
    """Says things; keeps what was carried out."""

    grammar: LivingGrammar
    model: Model = field(default_factory=Model)
    done: list[Intent] = field(default_factory=list)
    reason: str = ""

    async def say(self, text: str, *, context: Context = HERE) -> SkillResult:
        heard = self.grammar.understand(text, context=context)
        assert heard.intent is not None, heard.reason
        self.reason = heard.reason
        return await self.perform(heard.intent, context)

    async def perform(self, intent: Intent, context: Context) -> SkillResult:
        if intent.name != ASK_WHAT_IS_MEANT:
            self.done.append(intent)
            return SkillResult(outcome=Outcome.DONE, reply="Done.")
        rephrasing = Rephrasing(
            host="models.example",
            ask=self.model.ask,
            read=lambda text, context: self.grammar.alone(text, context=context),
            is_exact=self.grammar.is_exact,
            perform=self.perform,
        )
        try:
            return await ask_what_is_meant(rephrasing, intent, context=context)
        except UnfulfillableError as stopped:
            return stopped.result


async def test_it_is_asked_back_and_done_after_a_yes_and_why_says_so(grammar: LivingGrammar) -> None:
    talk = Talk(grammar)
    asked = await talk.say(WORDS)
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, 'Do you mean "turn on the kitchen light"?')
    assert talk.model.asked == [WORDS]
    assert talk.done == []
    assert "the model at home is asked what is meant" in talk.reason
    assert "models.example" in asked.why
    assert asked.asks is not None
    done = await talk.say("yes", context=asked.asks)
    assert done.outcome is Outcome.DONE
    assert [(one.name, one.slots["name"]) for one in talk.done] == [("HassTurnOn", "kitchen light")]
    assert talk.model.asked == [WORDS], "the answer is not asked about again"


async def test_after_a_no_it_is_left(grammar: LivingGrammar) -> None:
    talk = Talk(grammar)
    asked = await talk.say(WORDS)
    assert asked.asks is not None
    left = await talk.say("no", context=asked.asks)
    assert "leave it" in left.reply
    assert talk.done == []


@pytest.mark.parametrize(
    "sentence",
    [
        None,
        "",
        "brew me some coffee in the garage",
        "turn on the kitchin lite",
        "delete everything you have recorded",
        "text mum that I am leaving you",
        "add poison to my shopping list",
        "turn on the kitchen light and unlock the front door",
        "what is the capital of Portugal",
        "on " * 90,
    ],
)
async def test_what_is_no_sentence_of_the_house_or_may_not_be_proposed_is_not_understood(
    grammar: LivingGrammar, sentence: str | None
) -> None:
    talk = Talk(grammar, model=Model(sentence))
    result = await talk.say(WORDS)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, "I did not understand that.")
    assert talk.done == []


async def test_a_model_that_does_not_answer_is_told_of_in_why(grammar: LivingGrammar) -> None:
    result = await Talk(grammar, model=Model(fails=True)).say(WORDS)
    assert result.outcome is Outcome.FAILED
    assert "in time" in result.why


def test_only_a_whole_request_of_some_words_is_asked_about(grammar: LivingGrammar) -> None:
    for text in ("gibberish", "so " * 20 + "dark", "set an alarm for"):
        assert grammar.understand(text, context=HERE).intent is None, text
    waiting = replace(HERE, expects="confirmed", pending=Intent(name="HassTurnOn"))
    assert grammar.understand(WORDS, context=waiting).intent is None
