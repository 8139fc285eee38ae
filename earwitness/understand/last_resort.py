"""What stands around all that understands: a request that nothing here understands becomes one to ask somebody what is meant.

Owns which words may be asked about. It asks nobody: the skill of questions does, once the request is over, and then asks back
before anything is done (ADR 37). Pure.
"""

from dataclasses import replace
from typing import Final, Protocol

from earwitness.domain.intent import Completeness, Context, Intent, Understanding

ASK_WHAT_IS_MEANT: Final = "AskWhatIsMeant"
FEWEST_WORDS: Final = 2
MOST_WORDS: Final = 13
"""Most that is said longer is said to somebody else."""


class _Understander(Protocol):
    def understand(self, text: str, *, context: Context) -> Understanding: ...


class LastResort:
    """Understands by `inner`; `asked` says in words who is asked about the rest."""

    def __init__(self, inner: _Understander, *, asked: str) -> None:
        self._inner = inner
        self._asked = asked

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means here. Raises TextError (text.too_long)."""
        heard = self._inner.understand(text, context=context)
        words = heard.text.count(" ") + 1
        is_unknown = heard.intent is None and heard.completeness is Completeness.UNKNOWN
        if not is_unknown or context.pending is not None or not FEWEST_WORDS <= words <= MOST_WORDS:
            return heard
        intent = Intent(name=ASK_WHAT_IS_MEANT, slots={"request": heard.text})
        return replace(heard, intent=intent, reason=f"{heard.reason} So {self._asked} is asked what is meant.")
