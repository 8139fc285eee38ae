"""What those who oversee see: who opened what, by day, and how each day's draw went, both out of the ledger alone. Calls block.

It reads each entry once and keeps counts in memory. No name, no id of a person and no word is in the ledger, so none is here.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from earwitness.domain.errors import ProofError, ReviewError
from earwitness.domain.recording import Medium
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.proof import Proof
from earwitness.review.audit import check_against_ledger, recompute
from earwitness.review.epochs import Epochs
from earwitness.review.evidence import entries_of, evidence

SELF = "self"
Entry = Mapping[str, Any]


class Ledger(Protocol):
    """The ledger as far as it shows and proves its entries. Raises LedgerError, ProofError."""

    verifier: str

    def leaves(self, start: int = 0, end: int | None = None) -> Iterator[bytes]: ...

    def proof(self, position: int) -> Proof: ...


@dataclass(slots=True, kw_only=True)
class Listens:
    """What one alias opened on one day (UTC) for one purpose: how often, how much, how many attempts were refused."""

    day: str
    purpose: str
    role: str
    by: str
    openings: int = 0
    recordings: int = 0
    seconds: float = 0.0
    refused: int = 0


@dataclass(slots=True, kw_only=True)
class Day:
    """One day's draw as the ledger says it: how many could be drawn, how many were, and how those ended."""

    epoch: str
    rate_millionths: int = 0
    able: int | None = None
    drawn: int | None = None
    ended: dict[str, int] = field(default_factory=dict)


class ListenCounts:
    """Counts of openings by others than the person. Pure but for what it has counted: feed it entries in their order."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str, str], Listens] = {}
        self._open: dict[str, Listens] = {}

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        match entry.get("kind"):
            case "read.opened" | "read.refused" if entry.get("role") != SELF:
                key = (str(entry["at"])[:10], str(entry["purpose"]), str(entry["role"]), str(entry.get("by", "")))
                found = self._counts.setdefault(key, Listens(day=key[0], purpose=key[1], role=key[2], by=key[3]))
                if entry["kind"] == "read.refused":
                    found.refused += 1
                    return
                found.openings += 1
                found.recordings += int(entry["recordings"])
                if entry["medium"] == Medium.AUDIO:  # words are given at once: no entry tells of an end
                    self._open[str(entry["read"])] = found
            case "read.closed" if (closed := self._open.pop(str(entry.get("read")), None)) is not None:
                closed.seconds += int(entry["milliseconds"]) / 1000

    def all(self) -> list[Listens]:
        """Everything that was counted, newest day first."""
        return sorted(self._counts.values(), key=lambda one: (one.day, one.purpose, one.by), reverse=True)


class DrawCounts:
    """Counts of draws, likewise."""

    def __init__(self) -> None:
        self._days: dict[str, Day] = {}
        self._draws: dict[str, Day] = {}
        self._items: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        match entry.get("kind"):
            case "draw.opened":
                epoch = str(entry["epoch"])
                day = self._days.setdefault(epoch, Day(epoch=epoch, rate_millionths=int(entry["rate_millionths"])))
                self._draws[str(entry["draw"])] = day
            case "draw.list" if (day := self._draws.get(str(entry["draw"]))) is not None:  # type: ignore[assignment]
                day.able = int(entry["able"])
            case "draw.made" if (day := self._draws.get(str(entry["draw"]))) is not None:  # type: ignore[assignment]
                day.drawn = int(entry["drawn"])
            case "draw.settled" if entry["item"] not in self._items:
                self._items.add(str(entry["item"]))
                day = self._days.setdefault(str(entry["epoch"]), Day(epoch=str(entry["epoch"])))
                day.ended[str(entry["state"])] = day.ended.get(str(entry["state"]), 0) + 1

    def all(self) -> list[Day]:
        """Every day, newest first."""
        return sorted(self._days.values(), key=lambda one: one.epoch, reverse=True)


class Seen:
    """Reads the ledger as it grows, each entry once."""

    def __init__(self, epochs: Epochs, *, ledger: Ledger) -> None:
        self._epochs = epochs
        self._ledger = ledger
        self._reading = threading.Lock()
        self._read = 0
        self._listens, self._draws = ListenCounts(), DrawCounts()
        self._audits: dict[str, str] = {}

    def listens(self) -> list[Listens]:
        """Who opened what, newest day first. Raises LedgerError."""
        with self._reading:
            self._catch_up()
            return self._listens.all()

    def days(self) -> list[Day]:
        """The days of drawing, newest first. Raises LedgerError."""
        with self._reading:
            self._catch_up()
            return self._draws.all()

    def audited(self, epoch: str) -> str:
        """What recomputing a day's draw finds: empty if it is as committed, else what is wrong. It looks through the whole ledger
        the first time. Raises ReviewError for a day that has not drawn, LedgerError."""
        if epoch in self._audits:
            return self._audits[epoch]
        found = evidence(self._epochs, epoch, ledger=self._ledger)
        try:
            recompute(found, log=parse_verifier(self._ledger.verifier))
            check_against_ledger(found, entries_of(self._ledger, until=found.proofs[1].index))
        except (ReviewError, ProofError) as error:
            self._audits[epoch] = error.sentence
        else:
            self._audits[epoch] = ""
        return self._audits[epoch]

    def audit_known(self, epoch: str) -> str | None:
        """What was found when a day was recomputed last; None if it was not since the start."""
        return self._audits.get(epoch)

    def _catch_up(self) -> None:
        for leaf in self._ledger.leaves(self._read):
            self._read += 1  # before it is counted: what breaks off here goes on after it, and counts nothing twice
            entry = json.loads(leaf)
            self._listens.add(entry)
            self._draws.add(entry)
