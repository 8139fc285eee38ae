"""Asks a language model a question: any server that speaks OpenAI's chat completions. Off unless an address is set.

It answers questions: it sees nothing but the question itself, and what is no question is not sent. Where the settings let it
(`understands`), it is asked too what a request means that nothing here understands (rephrasing.py). The server is not trusted:
answers are bounded in time and bytes, and are words, nothing else.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from earwitness.domain.answer import Answer
from earwitness.domain.errors import LinkError
from earwitness.links.article_text import sentences
from earwitness.links.bounded_http import Reply, WebServer, checked_address, is_loopback
from earwitness.links.rephrasing import LONGEST_REQUEST, body, sentence_in
from earwitness.links.secret_file import Unseal, read_secret

LONGEST_QUESTION: Final = 500
LONGEST_SENTENCE: Final = 300
MOST_BYTES: Final = 256 * 1024
MOST_MORE: Final = 5
MOST_TOKENS: Final = 300
_WHAT: Final = "The language model"
_UNKNOWING: Final = "I do not know"
INSTRUCTION: Final = (
    "You answer questions aloud. Answer in plain English: one short sentence that answers the question, then at most three more "
    f"that explain it. No lists, no markup, no links. If you are not sure, say only: {_UNKNOWING}."
)
_QUESTION: Final = re.compile(
    r"(?:and |so |but |please )?(?:who|whom|whose|what|when|where|why|how|which|is|are|was|were|do|does|did|has|have|had|can|"
    r"could|will|would|should|may|must|explain|define|describe|(?:can you |could you )?(?:tell me|explain))\b",
    re.I,
)
_REQUEST: Final = re.compile(r"(?:can|could|will|would) you (?!tell me|explain|describe|define|name)\b", re.I)
_THOUGHT: Final = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.I | re.S)


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1, max_length=16)


class LanguageModel:
    """The model `model` of the server at `url` (with its version, such as https://api.example.org/v1).

    Raises SettingsError for an address that may not be asked.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        key_file: Path | None = None,
        timeout_seconds: float = 8.0,
        ca_file: Path | None = None,
        allows_plain: bool = False,
        understands: bool = False,
        unseal: Unseal | None = None,
    ) -> None:
        address = checked_address(url, setting="language_model.url", allows_plain=allows_plain)
        path = address.raw_path.partition(b"?")[0].rstrip(b"/").removesuffix(b"/chat/completions")
        self._url = address.copy_with(raw_path=path + b"/chat/completions")
        self._server = WebServer(address, what=_WHAT, timeout_seconds=timeout_seconds, ca_file=ca_file)
        self._model = model
        self._key_file = key_file
        self._unseal = unseal
        self.understands = understands
        """Whether it is asked what requests mean, too."""

    @property
    def host(self) -> str:
        return self._server.host

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Hosts beyond this machine that learn the questions."""
        return self._server.outgoing

    @property
    def description(self) -> str:
        """Where the words go, for people to read before they turn it on."""
        if not self.outgoing:
            return "Questions that nothing else here can answer go to a language model on this machine; nothing leaves it."
        if self.understands:
            return (
                f"Questions that nothing at home can answer go as text to {self.host}, which may keep them. So do requests that "
                "nothing here understands, with the names of rooms, devices and lists. Nothing else goes there: no sound, no "
                "history, not who asked."
            )
        return (
            f"Questions that nothing at home can answer go as text to {self.host}, which may keep them. "
            "Nothing else goes there: no sound, no names, no history, not who asked."
        )

    async def ask(self, question: str) -> Answer | None:
        """One sentence that answers, the next ones as more, and who said so; None for what is no question or is not known.

        Raises LinkError: link.unreachable, link.slow, link.refused, link.not_safe, link.secret, link.nonsense, link.too_large.
        """
        asked = " ".join(question.split())
        if not is_question(asked) or len(asked) > LONGEST_QUESTION:
            return None
        return _answer(_content(await self._post(self._body(asked))), host=self.host)

    async def rephrase(self, request: str, *, examples: Sequence[str], names: Sequence[str]) -> str | None:
        """The sentence of the house that means the same as a request, in the manner of `examples`; None if none does, or if it is
        not to be asked. Raises LinkError as `ask`.
        """
        said = " ".join(request.split())
        if not self.understands or not said or len(said) > LONGEST_REQUEST:
            return None
        return sentence_in(await self._post(body(said, model=self._model, examples=examples, names=names)))

    async def _post(self, asked: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        if self._key_file is not None:
            headers["Authorization"] = f"Bearer {await asyncio.to_thread(_key, self._key_file, self._unseal)}"
        reply = await self._server.ask("POST", self._url, body=asked, headers=headers, most_bytes=MOST_BYTES)
        _check(reply)
        return reply.body

    async def close(self) -> None:
        """Let go of the connection."""
        await self._server.close()

    def _body(self, question: str) -> bytes:
        messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": question}]
        return json.dumps({"model": self._model, "messages": messages, "max_tokens": MOST_TOKENS, "stream": False}).encode()


def is_question(text: str) -> bool:
    """Whether somebody wants to know something, and not that something is done."""
    said = text.strip()
    return not _REQUEST.match(said) and (said.endswith("?") or _QUESTION.match(said) is not None)


def _key(path: Path, unseal: Unseal | None) -> str:
    key = read_secret(path, unseal=unseal)
    if not key.isascii():
        raise LinkError(f"{path} holds no key; write it there as one line.", code="link.secret")
    return key


def _check(reply: Reply) -> None:
    match reply.status:
        case 200:
            return
        case 401 | 403:
            raise LinkError(f"{_WHAT} refuses; check the key in language_model.key_file.", code="link.refused")
        case 404:
            raise LinkError(f"{_WHAT} is not there; check language_model.url and language_model.model.", code="link.refused")
        case 429:
            raise LinkError(f"{_WHAT} is asked too often or its account is used up; try again later.", code="link.refused")
        case status:
            raise LinkError(f"{_WHAT} refuses (HTTP status {status}).", code="link.failed")


def _content(body: bytes) -> str:
    try:
        found = _Completion.model_validate_json(body)
    except ValidationError as error:
        raise LinkError(
            "What answers at language_model.url does not speak chat completions; check the address.", code="link.nonsense"
        ) from error
    return found.choices[0].message.content or ""


def _answer(content: str, *, host: str) -> Answer | None:
    said = sentences(_plain(content))
    if not said or said[0].casefold().startswith(_UNKNOWING.casefold()):
        return None
    first, *more = (_cut(sentence) for sentence in said[: MOST_MORE + 1])
    where = "on this machine" if is_loopback(host) else f"at {host}"
    return Answer(sentence=first, more=tuple(more), source=f"the language model {where}")


def _plain(text: str) -> str:
    """Words to be said: without thoughts, markup, links, and what cannot be said."""
    text = _THOUGHT.sub(" ", text[:20_000])
    text = re.sub(r"```.*?(?:```|\Z)", " ", text, flags=re.S)
    text = re.sub(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,2000}\)", r"\1", text)
    text = re.sub(r"\bhttps?://\S+", "", text)
    text = re.sub(r"^\s*(?:#{1,6}|[-*+>]|\d{1,2}[.)])\s+", "", text, flags=re.M)
    text = re.sub(r"[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}", "", text)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _cut(sentence: str) -> str:
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence
    begins = sentence[:LONGEST_SENTENCE]
    return (begins.rpartition(" ")[0].rstrip(" ,;:") or begins) + " …"
