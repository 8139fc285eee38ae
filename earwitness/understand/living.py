"""A grammar that learns: what is understood changes while conversations go on. Owns the change; `grammar.py` and `dialog.py`
understand."""

import threading
from collections.abc import Callable
from typing import TypeAlias

from earwitness.domain.intent import Context, Understanding
from earwitness.understand.dialog import Dialog, Understander
from earwitness.understand.grammar import Grammar
from earwitness.understand.other_language import OtherLanguage

Layered: TypeAlias = Callable[[Grammar], Understander]


class LivingGrammar:
    """An Understander (turn.ports). `make` builds the grammar from what the house knows now: seconds for new skills, milliseconds
    for new names. `layered` gives what understands single requests that no sentence of the grammar fits; `last` stands around
    that, whatever it is replaced by."""

    def __init__(
        self,
        make: Callable[[], Grammar | OtherLanguage],
        *,
        layered: Layered = lambda grammar: grammar,
        last: Callable[[Understander], Understander] = lambda inner: inner,
    ) -> None:
        self._make = make
        self._layered = layered
        self._last = last
        self._learning = threading.Lock()
        self._grammar = make()
        self._dialog = self.around(self._grammar, layered)

    @property
    def grammar(self) -> Grammar | OtherLanguage:
        """The grammar of now."""
        return self._grammar

    def layered_by(self, layered: Layered) -> "LayeredGrammar":
        """The same grammar, as it changes, with something else that understands what none of its sentences fits."""
        return LayeredGrammar(self, layered)

    def around(self, grammar: Grammar | OtherLanguage, layered: Layered) -> Understander:
        """All that understands, over a grammar. Dialog is English; other languages are understood sentence by sentence."""
        return grammar if isinstance(grammar, OtherLanguage) else Dialog(grammar, layered=self._last(layered(grammar)))

    def relearn(self) -> None:
        """Build the grammar anew; from then on every conversation understands by it. Blocks; may be called from any thread."""
        with self._learning:
            grammar = self._make()
            self._grammar, self._dialog = grammar, self.around(grammar, self._layered)

    def understand(self, text: str, *, context: Context) -> Understanding:
        """As Dialog.understand."""
        return self._dialog.understand(text, context=context)

    def alone(self, text: str, *, context: Context) -> Understanding:
        """What one request means by itself, as Grammar.understand: for the steps of routines, which are kept as sentences."""
        return self._grammar.understand(text, context=context)

    def knows(self, text: str) -> bool:
        """As Grammar.knows."""
        return self._grammar.knows(text)

    def is_closed(self, text: str) -> bool:
        """As Grammar.is_closed."""
        return self._grammar.is_closed(text)

    def is_exact(self, text: str) -> bool:
        """As Grammar.is_exact."""
        return self._grammar.is_exact(text)

    def hints(self) -> tuple[str, ...]:
        """As Grammar.hints."""
        return self._grammar.hints()


class LayeredGrammar:
    """An Understander (turn.ports) over a living grammar: with another layer than the grammar's own. Thread-safe."""

    def __init__(self, living: LivingGrammar, layered: Layered) -> None:
        self._living = living
        self._layered = layered
        self._made: tuple[Grammar | OtherLanguage, Understander] | None = None

    def layered_by(self, layered: Layered) -> "LayeredGrammar":
        """The same with a third layer in place of this one."""
        return LayeredGrammar(self._living, layered)

    def understand(self, text: str, *, context: Context) -> Understanding:
        """As Dialog.understand."""
        return self._around(self._living.grammar).understand(text, context=context)

    def hints(self) -> tuple[str, ...]:
        """As Grammar.hints."""
        return self._living.hints()

    def _around(self, grammar: Grammar | OtherLanguage) -> Understander:
        """Made again when the grammar changed; two threads may both make it, and either is right."""
        if self._made is None or self._made[0] is not grammar:
            self._made = (grammar, self._living.around(grammar, self._layered))
        return self._made[1]
