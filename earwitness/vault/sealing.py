"""What is sealed of a kept turn, as JSON: every word that was said or answered, and what they meant. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from earwitness.domain.errors import VaultError
from earwitness.domain.intent import Intent
from earwitness.domain.recording import Recording, Spoken
from earwitness.domain.review import Annotation, annotation_of
from earwitness.domain.turn import Outcome, Turn
from earwitness.vault.rows import Row


def packed(spoken: Spoken) -> dict[str, Any]:
    """The facts of a turn that are sealed."""
    turn = spoken.turn
    return {
        "transcript": turn.transcript,
        "heard": turn.transcript,
        "outcome": turn.outcome.value,
        "reply": turn.reply,
        "intent": turn.intent.name if turn.intent else None,
        "slots": dict(turn.intent.slots) if turn.intent else {},
        "response": turn.intent.response if turn.intent else "",
        "timings_ms": {stage: round(ms, 1) for stage, ms in turn.timings_ms.items()},
        "error": turn.error_code,
        "reason": turn.reason,
        "area": spoken.area,
        "engine": spoken.engine,
        "corrected_at": None,
    }


def to_bytes(facts: Mapping[str, Any]) -> bytes:
    """The facts as JSON; half a character (a lone surrogate, as typed text can hold) becomes a question mark."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def from_bytes(data: bytes) -> dict[str, Any]:
    """The facts again. Raises VaultError if they are none, which sealed bytes can only be after a fault of ours."""
    try:
        found = json.loads(data)
    except ValueError as error:
        raise VaultError("A kept turn cannot be read.", code="vault.sealed_wrong") from error
    if not isinstance(found, dict):
        raise VaultError("A kept turn cannot be read.", code="vault.sealed_wrong")
    return found


def corrected(facts: Mapping[str, Any], *, transcript: str, now: datetime) -> dict[str, Any]:
    """The facts with the person's own words in place of what was heard, which stays beside them."""
    return {**facts, "transcript": transcript, "corrected_at": now.timestamp()}


def annotated(facts: Mapping[str, Any], annotation: Annotation) -> dict[str, Any]:
    """The facts with one more judgement."""
    return {**facts, "annotations": [*facts.get("annotations", ()), annotation.as_json()]}


def annotations(facts: Mapping[str, Any]) -> tuple[Annotation, ...]:
    """The judgements among the facts, the oldest first."""
    return tuple(annotation_of(one) for one in facts.get("annotations", ()))


def searchable(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts by which a turn is found."""
    return tuple(str(facts[part]) for part in ("transcript", "heard", "reply"))


def recording(row: Row, facts: Mapping[str, Any], *, listens: int) -> Recording:
    """The kept turn of a row and its opened facts."""
    stamp = facts["corrected_at"]
    turn = Turn(
        turn_id=row.turn_id,
        transcript=facts["transcript"],
        outcome=Outcome(facts["outcome"]),
        reply=facts["reply"],
        intent=Intent(name=facts["intent"], slots=facts["slots"], response=facts["response"]) if facts["intent"] else None,
        timings_ms=facts["timings_ms"],
        error_code=facts["error"],
        reason=facts["reason"],
    )
    return Recording(
        turn=turn,
        person_id=row.person_id,
        began_at=row.began_at,
        expires_at=row.expires_at,
        audio_seconds=row.audio_seconds,
        heard=facts["heard"],
        corrected_at=None if stamp is None else datetime.fromtimestamp(stamp, row.began_at.tzinfo),
        is_restricted=row.is_restricted,
        area=facts["area"],
        engine=facts["engine"],
        listens=listens,
        annotations=annotations(facts),
    )
