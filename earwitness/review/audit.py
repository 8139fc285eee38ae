"""Recomputing a draw: from its evidence and the ledger alone it is found who could be drawn, who could not, and who was.

It trusts neither the database nor the server: evidence is a file, entries come with proofs or from the ledger itself. Pure.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from earwitness.domain.errors import ReviewError
from earwitness.domain.review import DrawTerms, Excluded, Lot
from earwitness.ledger.note import Verifier
from earwitness.ledger.proof import Proof, read_proof
from earwitness.review import sample

KINDS: Final = ("draw.opened", "draw.list", "draw.made")
MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a draw rests on; `proofs` are those of its three entries, in their order."""

    epoch: str
    seed: bytes
    lots: tuple[Lot, ...]
    proofs: tuple[Proof, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "epoch": self.epoch,
            "seed": self.seed.hex(),
            "lots": [sample.leaf(lot).decode() for lot in self.lots],
            "proofs": [proof.as_json() for proof in self.proofs],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was recomputed. `drawn` are the recordings drawn; `excluded` counts why others could not be; `unnoted` were kept on
    that day and are not on the list, so that they could not be drawn either (None where the ledger was not looked through)."""

    epoch: str
    terms: DrawTerms
    kept: int
    able: int
    most: int
    drawn: tuple[str, ...]
    passed_over: int
    excluded: Mapping[Excluded, int]
    lots: Mapping[str, Lot]
    unnoted: int | None = None


def read_evidence(data: bytes) -> Evidence:
    """Evidence from a file. Raises ReviewError (review.damaged), ProofError."""
    try:
        found: dict[str, Any] = json.loads(data) if len(data) <= MOST_BYTES else {}
        proofs = tuple(read_proof(json.dumps(one).encode()) for one in found["proofs"])
        lots = tuple(sample.parse_leaf(line) for line in found["lots"])
        return Evidence(epoch=str(found["epoch"]), seed=bytes.fromhex(found["seed"]), lots=lots, proofs=proofs)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReviewError("That file is no evidence of a draw.", code="review.damaged") from error


def recompute(evidence: Evidence, *, log: Verifier) -> Audit:
    """Check the proofs, that seed and list are those committed in that order, and draw again.

    Raises ReviewError (review.not_as_committed) that says what is wrong, ProofError for a proof that does not verify.
    """
    if len(evidence.proofs) != len(KINDS):
        _wrong("the three entries are not all there")
    for proof in evidence.proofs:
        proof.check(log)
    if list(positions := [proof.index for proof in evidence.proofs]) != sorted(set(positions)):
        _wrong("the entries are not in their order")
    opened, listed, made = (_entry(proof, kind) for proof, kind in zip(evidence.proofs, KINDS, strict=True))
    if len({one.get("draw") for one in (opened, listed, made)}) != 1 or opened.get("epoch") != evidence.epoch:
        _wrong("the entries are of different draws")
    if opened.get("seed_sha256") != sample.seed_digest(evidence.seed) or made.get("seed") != evidence.seed.hex():
        _wrong("the seed is not the one that was committed before")
    return _drawn_again(evidence, opened, listed, made)


def _drawn_again(evidence: Evidence, opened: Mapping[str, Any], listed: Mapping[str, Any], made: Mapping[str, Any]) -> Audit:
    able = sum(lot.excluded is None for lot in evidence.lots)
    if (listed.get("kept"), listed.get("able")) != (len(evidence.lots), able):
        _wrong("the list has another length than was committed")
    if listed.get("root") != sample.list_root(evidence.lots):
        _wrong("the list is not the one that was committed")
    lots = {lot.recording: lot for lot in evidence.lots}
    if len(lots) != len(evidence.lots):
        _wrong("the list names a recording twice")
    terms = _terms(opened)
    again = sample.draw(evidence.seed, evidence.lots, terms=terms)
    if (made.get("drawn"), made.get("drawn_sha256")) != (len(again.drawn), sample.drawn_digest(again.drawn)):
        _wrong("other recordings were drawn than the seed gives")
    return Audit(
        epoch=evidence.epoch,
        terms=terms,
        kept=len(lots),
        able=able,
        most=again.most,
        drawn=again.drawn,
        passed_over=again.passed_over,
        excluded=Counter(lot.excluded for lot in evidence.lots if lot.excluded is not None),
        lots=lots,
    )


def check_against_ledger(evidence: Evidence, entries: Iterable[tuple[int, Mapping[str, Any]]]) -> int:
    """Look through the ledger's entries, with their positions, up to the list's: every listed recording was kept after the seed
    was committed, no other seed was committed for that day, and it drew by what two people had agreed on, if anything. Gives how
    many others were kept on that day.

    Raises ReviewError (review.not_as_committed).
    """
    opened_at, listed_at = evidence.proofs[0].index, evidence.proofs[1].index
    missing, unnoted = {lot.recording for lot in evidence.lots}, 0
    agreed, proposers = None, dict[str, str]()
    for position, entry in entries:
        match entry.get("kind"):
            case "terms.proposed":
                proposers[str(entry.get("proposal"))] = str(entry.get("by"))
            case "terms.approved" if entry.get("subject") == "draw" and position < opened_at:
                if proposers.get(str(entry.get("proposal"))) in (None, entry.get("by")):
                    _wrong("its terms were not approved by a second person")
                if str(entry.get("from")) <= evidence.epoch:
                    agreed = entry.get("values")
            case "draw.opened" if entry.get("epoch") == evidence.epoch and position != opened_at:
                if entry.get("seed_sha256") != sample.seed_digest(evidence.seed):
                    _wrong("a second seed was committed for that day")
            case "kept" if opened_at < position < listed_at and entry.get("recording") in missing:
                missing.discard(str(entry["recording"]))
            case "kept" if entry.get("day") == evidence.epoch:
                unnoted += 1
            case _:
                pass
    opened = evidence.proofs[0].entry()
    if agreed is not None and any(opened.get(name) != value for name, value in agreed.items()):
        _wrong("it drew by other terms than two people had agreed on")
    if missing:
        _wrong(f"{len(missing)} recordings of the list were not kept between seed and list")
    return unnoted


def _terms(opened: Mapping[str, Any]) -> DrawTerms:
    values = {name: opened.get(name) for name in DrawTerms().as_json()}
    if not all(isinstance(value, int) and 0 <= value <= 1_000_000 for value in values.values()):
        _wrong("the terms are none")
    return DrawTerms(**values)  # type: ignore[arg-type]


def _entry(proof: Proof, kind: str) -> Mapping[str, Any]:
    entry = proof.entry()
    if entry.get("kind") != kind:
        _wrong(f"there is no entry {kind}")
    return entry


def _wrong(what: str) -> NoReturn:
    raise ReviewError(f"This draw is not as it was committed: {what}.", code="review.not_as_committed")


def evidence_of(*, epoch: str, seed: bytes, lots: Sequence[Lot], proofs: Sequence[Proof]) -> Evidence:
    """The evidence of a draw, its list in the order of the ids."""
    ordered = tuple(sorted(lots, key=lambda lot: lot.recording))
    return Evidence(epoch=epoch, seed=seed, lots=ordered, proofs=tuple(proofs))
