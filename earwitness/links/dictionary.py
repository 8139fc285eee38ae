"""Asks a dictionary server what a word means (DICT, RFC 2229), and makes one sentence of its first sense.

Owns one connection per question; the server is not trusted: answers are bounded in time and bytes. The protocol has no
encryption, so that a server elsewhere is asked only if that was explicitly allowed.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from earwitness.domain.answer import Answer
from earwitness.domain.errors import LinkError, SettingsError
from earwitness.links.bounded_http import is_loopback

LONGEST_WORD: Final = 80
MOST_BYTES: Final = 256 * 1024
MOST_SENSES: Final = 8
LONGEST_SENSE: Final = 120
"""Characters after which a sense is cut where one of its clauses ends."""
_LONGEST_LINE: Final = 8192
_MOST_DEFINITIONS: Final = 20
_MOST_FORMS: Final = 4
_WHAT: Final = "The dictionary server"
_PARTS: Final = {"n": "a noun", "v": "a verb", "adj": "an adjective", "adv": "an adverb"}
_SENSE: Final = re.compile(r"^ {2,12}(?:(n|v|adj|adv) )?(\d{1,3}): ", re.MULTILINE)
"""How WordNet, as packaged for dictd, begins a sense."""


class Dictionary:
    """The dictionary `database` of the server at `host`; "*" asks all that it has, "!" the first that knows the word.

    Raises SettingsError for a server elsewhere without `allows_plain`, or a name of a dictionary that is none.
    """

    def __init__(
        self,
        host: str,
        *,
        port: int = 2628,
        database: str = "wn",
        timeout_seconds: float = 2.0,
        allows_plain: bool = False,
    ) -> None:
        if not is_loopback(host) and not allows_plain:
            raise SettingsError(
                "dictionary.host is another machine, and this protocol has no encryption: anybody on the way could read what is "
                "looked up. Run the server here, or set dictionary.allows_plain."
            )
        if not re.fullmatch(r"[\w.+-]{1,64}|[*!]", database, re.ASCII):
            raise SettingsError("dictionary.database is no name of a dictionary; write one such as wn.")
        self._host = host
        self._port = port
        self._database = database
        self._timeout_seconds = timeout_seconds

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Hosts beyond this machine that learn which words are looked up."""
        return () if is_loopback(self._host) else (self._host,)

    async def define(self, word: str) -> Answer | None:
        """What a word or a term means: the first sense as one sentence, the others as more; None if it is not in there.

        Raises LinkError: link.unreachable, link.slow, link.refused, link.nonsense, link.too_large.
        """
        forms = list(_forms(word))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                definitions = await self._first_known(forms)
        except TimeoutError as error:
            raise LinkError(
                f"{_WHAT} did not answer within {self._timeout_seconds:g} seconds; try again later.", code="link.slow"
            ) from error
        except ConnectionResetError as error:
            raise LinkError(f"{_WHAT} broke off; try again.", code="link.nonsense") from error
        except OSError as error:
            raise LinkError(
                f"{_WHAT} cannot be reached; check that it runs and dictionary.host.", code="link.unreachable"
            ) from error
        answers = (_answer(definition) for definition in definitions)
        return next((answer for answer in answers if answer is not None), None)

    async def _first_known(self, forms: list[str]) -> "list[_Definition]":
        if not forms:
            return []
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=_LONGEST_LINE)
        talk = _Talk(reader, writer)
        try:
            await talk.greeted()
            for form in forms:
                if found := await talk.define(form, database=self._database):
                    return found
            return []
        finally:
            with contextlib.suppress(OSError):
                writer.write(b"QUIT\r\n")
            writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    """One entry of one dictionary. `dictionary` is what it calls itself."""

    word: str
    dictionary: str
    text: str


class _Talk:
    """One connection: commands out, answers in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._bytes = 0

    async def greeted(self) -> None:
        code, _ = await self._status()
        if code != 220:
            raise _refused(code)

    async def define(self, word: str, *, database: str) -> list[_Definition]:
        self._writer.write(f'DEFINE {database} "{word}"\r\n'.encode())
        await self._writer.drain()
        code, said = await self._status()
        if code == 552:
            return []
        if code == 550:
            raise LinkError(f"{_WHAT} does not have that dictionary; check dictionary.database.", code="link.refused")
        if code != 150:
            raise _refused(code)
        count = re.match(r"(\d{1,6})\b", said)
        if count is None or int(count[1]) > _MOST_DEFINITIONS:
            raise _nonsense()
        found = [await self._definition() for _ in range(int(count[1]))]
        code, _ = await self._status()
        if code != 250:
            raise _nonsense()
        return found

    async def _definition(self) -> _Definition:
        code, said = await self._status()
        named = re.match(r'"?([^"]*)"? \S+ "?([^"]*)"?', said)
        if code != 151 or named is None:
            raise _nonsense()
        lines: list[str] = []
        while (line := await self._line()) != ".":
            lines.append(line.removeprefix("."))
        return _Definition(word=named[1], dictionary=named[2], text="\n".join(lines))

    async def _status(self) -> tuple[int, str]:
        line = await self._line()
        if not re.match(r"[1-5]\d\d( |$)", line, re.ASCII):
            raise _nonsense()
        return int(line[:3]), line[4:]

    async def _line(self) -> str:
        try:
            data = await self._reader.readline()
        except ValueError as error:  # longer than _LONGEST_LINE
            raise _nonsense() from error
        if not data.endswith(b"\n"):
            raise LinkError(f"{_WHAT} broke off; try again.", code="link.nonsense")
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            raise LinkError(f"{_WHAT} answered with more than {MOST_BYTES} bytes.", code="link.too_large")
        return data.rstrip(b"\r\n").decode("utf-8", "replace")


def _forms(word: str) -> Iterator[str]:
    """The word as it may be sent, then what it may be a form of; nothing if it is none."""
    asked = " ".join(re.sub(r'["\\]', "", word).split()).strip(".?! ")
    if not asked or len(asked) > LONGEST_WORD or not asked.isprintable():
        return
    yield asked
    if len(asked) < 5:  # "his" is no form of "hi"
        return
    endings = (("ies", "y"), ("es", "e"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""))
    bare = (asked.removesuffix(ending) + instead for ending, instead in endings if asked.endswith(ending))
    yield from list(dict.fromkeys(bare))[: _MOST_FORMS - 1]


def _answer(definition: _Definition) -> Answer | None:
    name = re.sub(r"\s*\([^)]*\)|[^\w\s.,'-]", "", definition.dictionary)
    head, _, body = definition.text.partition("\n")
    title = " ".join(head.split())[:LONGEST_WORD] or definition.word
    senses = list(_senses(body))
    if not senses:
        return _plain_answer(title, body, source=" ".join(name.split()))
    (part, meaning), *others = senses
    more = [f"{'Also' if other == part else f'As {_PARTS[other]}'}: {said}." for other, said in others]
    return Answer(
        sentence=f"{_capital(title)}, {_PARTS[part]}: {meaning}.",
        more=tuple(more[: MOST_SENSES - 1]),
        source=" ".join(name.split()),
        title=title,
    )


def _senses(body: str) -> Iterator[tuple[str, str]]:
    """Part of speech and meaning of each sense, as WordNet writes them."""
    starts = list(_SENSE.finditer(body))
    part = ""
    for number, start in enumerate(starts):
        part = start[1] or part
        end = starts[number + 1].start() if number + 1 < len(starts) else len(body)
        text = " ".join(body[start.end() : end].split())
        if part and (meaning := _meaning(text)):
            yield part, meaning


def _meaning(text: str) -> str:
    """A sense without its examples, synonyms and brackets, cut to what can be said in one breath."""
    text = re.split(r'\s\[(?:syn|ant|also): |[;,:]? "', text, maxsplit=1)[0]
    if field := re.match(r"\(([^()]{1,40})\) ", text):
        words = field[1]
        text = f"{words if words.startswith('of ') else f'in {words}'}, {text[field.end() :]}"
    text = re.sub(r"\s*\([^()]*\)", "", text).strip(" ;,.:")
    if len(text) > LONGEST_SENSE:
        text = text.partition("; ")[0]
    return text[: 2 * LONGEST_SENSE]


def _plain_answer(title: str, body: str, *, source: str) -> Answer | None:
    """Of a dictionary in another form: its first sentence, as it is."""
    text = " ".join(body.split())
    sentences = [sentence for sentence in re.split(r"(?<=[.!?]) (?=\S)", text) if re.search(r"\w{3}", sentence)]
    if not sentences or len(sentences[0]) > 2 * LONGEST_SENSE:
        return None
    return Answer(sentence=f"{_capital(title)}: {sentences[0]}", more=tuple(sentences[1:MOST_SENSES]), source=source, title=title)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _refused(code: int) -> LinkError:
    return LinkError(f"{_WHAT} refuses (status {code}); try again later.", code="link.refused")


def _nonsense() -> LinkError:
    return LinkError("What answers at dictionary.host does not speak DICT (RFC 2229); check it.", code="link.nonsense")
