"""What a language model is asked when nothing here understands a request, and what of its answer is read. Pure.

It is given one tool, which says one sentence of the house. It acts on nothing: whoever reads the sentence decides what it means
and asks first. Its answer is not trusted: anything but one call with one short sentence is none.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from earwitness.domain.errors import LinkError

TOOL: Final = "say"
LONGEST_REQUEST: Final = 200
LONGEST_SENTENCE: Final = 200
MOST_EXAMPLES: Final = 120
MOST_NAMES: Final = 200
MOST_TOKENS: Final = 200
_INSTRUCTION: Final = (
    "Somebody said something to a voice assistant at home, and it was not understood. If it means the same as one sentence that "
    f"the assistant understands, call the tool {TOOL} once with that sentence, in the manner of the examples and with the names "
    "of this home. Use no words for what was not said. If nothing fits, or you are not sure, call nothing."
)


class _Function(BaseModel):
    name: str
    arguments: str = Field(max_length=2_000)


class _Call(BaseModel):
    function: _Function


class _Message(BaseModel):
    tool_calls: list[_Call] | None = Field(default=None, max_length=16)


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1, max_length=16)


class _Arguments(BaseModel):
    sentence: str = Field(min_length=1, max_length=LONGEST_SENTENCE)


def body(request: str, *, model: str, examples: Sequence[str], names: Sequence[str]) -> bytes:
    """The question, as chat completions with tools."""
    parameters = {"type": "object", "properties": {"sentence": {"type": "string"}}, "required": ["sentence"]}
    tool = {"name": TOOL, "description": "Says one sentence that the assistant understands.", "parameters": parameters}
    told = f"{_INSTRUCTION}\nExamples: {'; '.join(examples[:MOST_EXAMPLES])}.\nNames: {'; '.join(names[:MOST_NAMES])}."
    asked: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "system", "content": told}, {"role": "user", "content": request}],
        "tools": [{"type": "function", "function": tool}],
        "max_tokens": MOST_TOKENS,
        "temperature": 0,
        "stream": False,
    }
    return json.dumps(asked).encode()


def sentence_in(answer: bytes) -> str | None:
    """The sentence that it says; None if it says none, or more than one. Raises LinkError (link.nonsense)."""
    try:
        calls = _Completion.model_validate_json(answer).choices[0].message.tool_calls or []
        if len(calls) != 1 or calls[0].function.name != TOOL:
            return None
        sentence = _Arguments.model_validate_json(calls[0].function.arguments).sentence
    except ValidationError as error:
        raise LinkError("The language model answered what is no request.", code="link.nonsense") from error
    plain = " ".join(sentence.split())
    return plain if plain and plain.isprintable() else None
