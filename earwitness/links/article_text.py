"""Makes an encyclopedia's page (HTML) into sentences that can be said. Pure; the page is not trusted.

Tables, boxes, footnotes, captions and notes on pronunciation are left out; life dates stay.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from lxml import html

MOST_PARAGRAPHS: Final = 300
LONGEST_PARAGRAPH: Final = 8_000
LONGEST_SENTENCE: Final = 400


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNSAID: Final = _words(
    "table style script figure audio video math nav aside form noscript template sup button select iframe object svg"
)
_UNSAID_CLASSES: Final = _words(
    "reference references reflist mw-ref hatnote dablink infobox navbox sidebar thumb toc metadata ambox "
    "mw-editsection noprint gallery coordinates geo-nondefault ext-phonos rt-commentedtext ipa "
    "shortdescription mw-empty-elt dmbox"
)
_FOOTNOTE: Final = re.compile(
    r"\[(?:\d{1,4}|[a-z]|note \d+|nb \d+|citation needed|clarification needed|update|when\?|who\?)\]", re.I
)
_SPOKEN_SOUND: Final = re.compile(
    r"[ˈˌːəɪʊɛɔæʃʒθðŋɑɒʁɡɲɾ]|/[^/\s]+/|\blisten\b|\bpronounced\b|\bpronunciation\b|\bIPA\b|⟨|🔊|ⓘ", re.I
)
_IN_ANOTHER_LANGUAGE: Final = re.compile(
    r"^\s*(?:[A-Z][a-z]+ ){0,2}[A-Z][a-z]+:\s|[^\x00-\u024f\u2010-\u2044\s]{2}|\b(?:lit|romani[sz]ed|abbr)\b\.?"
)
_SHORTENED: Final = _words(
    "dr mr mrs ms st mt no vs etc approx ca c fl jr sr prof gen col lt capt sgt rev hon inc ltd co corp fig "
    "vol e.g i.e cf al jan feb mar apr jun jul aug sep sept oct nov dec r b d née u.s u.k"
)
_END: Final = re.compile(r"[.!?]['\"\u201d\u2019)]*\s+(?=['\"\u201c\u2018(]?[A-Z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Sentences before the first heading, and those after it."""

    lead: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def is_signpost(self) -> bool:
        """Whether it only lists what a word can mean."""
        return bool(re.search(r"\b(?:may|can|might|could) (?:also )?(?:refer|mean)\b", self.lead[0] if self.lead else ""))


def read_article(page: bytes) -> Article:
    """What a page says, in order. A page without paragraphs says nothing."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(page, parser=parser)
    except Exception:  # a foreign parser on a stranger's page: an empty one is an error to it
        return Article(lead=(), body=())
    _drop_unsaid(root)
    parts: tuple[list[str], list[str]] = ([], [])
    is_body = False
    paragraphs = 0
    for element in root.iter("p", "h2"):
        if element.tag == "h2":
            is_body = is_body or bool(parts[0])
            continue
        text = _FOOTNOTE.sub("", " ".join(str(element.text_content())[:LONGEST_PARAGRAPH].split()))
        parts[is_body].extend(sentences(without_sounds(text)))
        paragraphs += 1
        if paragraphs >= MOST_PARAGRAPHS:
            break
    return Article(lead=tuple(parts[0]), body=tuple(parts[1]))


def _drop_unsaid(root: Any) -> None:
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.getparent() is None:
            continue
        classes = set(str(element.get("class", "")).casefold().split())
        hidden = "display:none" in str(element.get("style", "")).replace(" ", "").casefold()
        is_power = element.tag == "sup" and re.fullmatch(r"[-\u2212]?\d", str(element.text_content()).strip()) and not classes
        if hidden or classes & _UNSAID_CLASSES or (element.tag in _UNSAID and not is_power):
            element.drop_tree()


def without_sounds(text: str) -> str:
    """The text without brackets that say how a name sounds or what it is in another language; dates in them stay."""
    if len(text) > LONGEST_PARAGRAPH:
        return text
    said, last = [], 0
    for start, end in _brackets(text):
        said.append(text[last:start])
        kept = [part.strip(" ,") for part in _parts(text[start + 1 : end - 1])]
        kept = [
            part
            for part in kept
            if re.search(r"\w", part) and not _SPOKEN_SOUND.search(part) and not _IN_ANOTHER_LANGUAGE.search(part)
        ]
        if kept:
            said.append(f"({'; '.join(kept)})")
        last = end
    said.append(text[last:])
    return re.sub(r"\s+([,.;:)])", r"\1", re.sub(r"\s{2,}", " ", "".join(said))).strip()


def _parts(text: str) -> list[str]:
    """What semicolons part, but not those in brackets of their own."""
    inner = _brackets(text)
    cuts = [place for place, letter in enumerate(text) if letter == ";" and not any(a < place < b for a, b in inner)]
    return [text[a:b] for a, b in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True)]


def _brackets(text: str) -> list[tuple[int, int]]:
    """Where each outer pair of round brackets begins and ends."""
    found: list[tuple[int, int]] = []
    depth = start = 0
    for place, letter in enumerate(text):
        if letter == "(":
            start = place if depth == 0 else start
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            if depth == 0:
                found.append((start, place + 1))
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; "Dr. Who", "J. R. Smith" and "c. 1500" do not end one."""
    found: list[str] = []
    begins = 0
    for match in _END.finditer(text):
        word = re.search(r"([\w.]+)\.['\"\u201d\u2019)]*$", text[max(begins, match.end() - 40) : match.end()].rstrip())
        before = word[1].casefold() if word and text[match.start()] == "." else ""
        if (
            before in _SHORTENED
            or (len(before) == 1 and before.isalpha())
            or text.count("(", begins, match.start()) > text.count(")", begins, match.end())
        ):
            continue
        found.append(text[begins : match.end()].strip())
        begins = match.end()
    found.append(text[begins:].strip())
    return [sentence for sentence in found if re.search(r"\w", sentence)]
