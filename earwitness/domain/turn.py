"""One request and its reply: transcript, intent, outcome, reply and timings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.wish import Wish


class Outcome(StrEnum):
    """How a turn ended."""

    DONE = "done"
    """An action was confirmed by whatever carried it out."""
    ANSWERED = "answered"
    """A question was answered; nothing changed."""
    ASKED = "asked"
    """The assistant asked back and waits."""
    NOT_HEARD = "not_heard"
    """No speech was found."""
    NOT_UNDERSTOOD = "not_understood"
    """Speech was heard but is no request that this home knows."""
    REFUSED = "refused"
    """Understood, but may not or cannot be done here."""
    FAILED = "failed"
    """Understood and tried; it did not work, and the reply says so."""
    CANCELLED = "cancelled"
    """The person stopped it, or left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What a recogniser heard. `mean_log_probability` is per token, natural logarithm, None where the engine has none."""

    text: str
    engine: str
    audio_seconds: float
    mean_log_probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillResult:
    """What a skill did and what may be said about it: only what was confirmed."""

    outcome: Outcome
    reply: str
    asks: Context | None = None
    """Set when the reply is a question: the context in which the answer is to be understood."""
    is_off_record: bool = False
    """Whether this turn may not be kept, whatever was consented to: it asked for deletion."""
    wish: Wish | None = None
    """What the device is to do beside speaking the reply."""
    more: str = ""
    """What "tell me more" then says."""
    why: str = ""
    """What "why did you do that" then adds: what was tried before, and what came of it."""
    undo: Intent | None = None
    """The request that takes back what was done, if one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A finished turn. `timings_ms` holds one entry per stage that ran, in milliseconds."""

    turn_id: str
    transcript: str
    outcome: Outcome
    reply: str
    intent: Intent | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    error_code: str | None = None
    reason: str = ""
    """Why it ended so, in plain words: the answer to "why did that fail?"."""

    def as_json(self) -> dict[str, object]:
        """The turn in the shape that `earwitness ask --json` prints."""
        slots: dict[str, SlotValue] = dict(self.intent.slots) if self.intent else {}
        then = [{"intent": each.name, "slots": dict(each.slots)} for each in (self.intent.then if self.intent else ())]
        return {
            "transcript": self.transcript,
            "intent": self.intent.name if self.intent else None,
            "slots": slots,
            **({"then": then} if then else {}),
            "outcome": self.outcome.value,
            "reply": self.reply,
            "timings_ms": {stage: round(ms, 1) for stage, ms in self.timings_ms.items()},
            "error": self.error_code,
            "reason": self.reason,
        }
