"""Which sentences are worth matching against some words. Pure.

Owns a filter that never drops a sentence that could match: whole blocks whose kind of device the home lacks, once; and, per
request, blocks in which no sentence has all its literal words in the text.
"""

from hassil import Intents
from hassil.expression import Sentence
from hassil.intents import Intent, IntentData

Clauses = tuple[frozenset[str], ...]


def for_domains(intents: Intents, domains: frozenset[str]) -> Intents:
    """The sentences without those that only fit devices of domains that are not in `domains`."""
    return _with(
        intents, {name: [block for block in intent.data if _fits(block, domains)] for name, intent in intents.intents.items()}
    )


def wanted_domains(block: IntentData) -> frozenset[str]:
    """The domains that a name in these sentences may have; empty when any will do."""
    wanted = block.requires_context.get("domain")
    wanted = wanted.get("value") if isinstance(wanted, dict) else wanted
    return frozenset((wanted,) if isinstance(wanted, str) else wanted or ())


def _fits(block: IntentData, domains: frozenset[str]) -> bool:
    wanted = wanted_domains(block)
    return not wanted or not domains.isdisjoint(wanted)


def _with(intents: Intents, blocks: dict[str, list[IntentData]]) -> Intents:
    return Intents(
        language=intents.language,
        intents={name: Intent(name=name, data=data) for name, data in blocks.items() if data},
        slot_lists=intents.slot_lists,
        expansion_rules=intents.expansion_rules,
        skip_words=intents.skip_words,
        settings=intents.settings,
    )


class Candidates:
    """An index of the literal words that each block of sentences needs."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents
        self._blocks: list[tuple[str, IntentData, tuple[Clauses, ...]]] = []
        for name, intent in intents.intents.items():
            for block in intent.data:
                rules = {**intents.expansion_rules, **block.expansion_rules}
                needs = dict.fromkeys(_clauses(sentence, rules) for sentence in block.sentences)
                self._blocks.append((name, block, tuple(needs)))
        self._fragments = frozenset(
            fragment for *_, needs in self._blocks for clauses in needs for clause in clauses for fragment in clause
        )

    def of(self, text: str) -> Intents:
        """The blocks of sentences that `text` may match."""
        folded = text.casefold()
        present = {fragment for fragment in self._fragments if fragment in folded}
        found: dict[str, list[IntentData]] = {}
        for name, block, needs in self._blocks:
            if any(not any(present.isdisjoint(clause) for clause in clauses) for clauses in needs):
                found.setdefault(name, []).append(block)
        return _with(self._intents, found)


def _clauses(sentence: Sentence, rules: dict[str, Sentence]) -> Clauses:
    # The rarest words first: short clauses fail soonest.
    return tuple(sorted(sentence.get_required_clauses(rules), key=lambda clause: (len(clause), sorted(clause))))
