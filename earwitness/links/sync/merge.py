"""What has to be done so that a thing is the same here and on the server. Pure: state and listing in, deeds out.

Owns the rules by which both sides converge:

- What both last agreed on is remembered (a bond: where the thing is on the server, and a digest of each field). What differs
  from that was changed; so nothing that is said here has to be noted anywhere else, and nothing of it can be lost.
- Field by field, the side that changed it counts. If both changed one, the later does: by the server's LAST-MODIFIED, and by
  when the change here was first seen. Where the server does not say, its change counts.
- What was taken away on one side goes on the other, unless it was changed there meanwhile: then it stays, and comes back.
  That it was ticked off is no reason to keep it.
- A bond is written before the thing is sent, under a name that is its own: if the answer is lost, the next listing tells.
- Two things that nobody has brought together and that say the same are one.
- What is on the server and cannot be read is left alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final, TypeAlias

Fields: TypeAlias = Mapping[str, str]
DONE: Final = "done"
"""The field that says whether a thing is ticked off: "1", or "" if it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A thing as the database has it. What is not `is_wanted` is not sent, unless it is on the server already."""

    thing_id: str
    fields: Fields
    is_wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """A thing as the server has it. `fields` None: it cannot be read, or may not be taken over, and `note` says why."""

    href: str
    etag: str
    uid: str
    fields: Fields | None
    is_wanted: bool = True
    """Whether it is to be taken over where it is new: what is over or done long ago is not."""
    written_at: datetime | None = None
    data: bytes = b""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """One thing on both sides. `etag` is empty until the server has shown that it has it."""

    href: str
    uid: str
    thing_id: str
    salt: bytes
    etag: str = ""
    base: Fields = field(default_factory=dict)
    """Digests of the fields as both sides last had them: this holds nobody's words."""
    tried: Fields = field(default_factory=dict)
    """Digests of what was last sent, until the server said that it has it: if it has, that is no change of its own."""
    noted: str = ""
    noted_at: datetime | None = None
    """What it was changed to here since, as a digest, and when that was first seen."""

    def differs(self, fields: Fields) -> bool:
        """Whether these fields are others than both sides last had."""
        return any(self.has_changed(name, value) for name, value in fields.items())

    def has_changed(self, name: str, value: str) -> bool:
        return self.base.get(name) != digest(value, self.salt)

    def is_news(self, name: str, value: str) -> bool:
        """Whether the server has this by somebody else than us."""
        return self.has_changed(name, value) and self.tried.get(name) != digest(value, self.salt)

    def agreed(self, fields: Fields, *, etag: str) -> "Bond":
        """The bond once the server is known to have these fields."""
        return replace(self, base=self._digests(fields), tried={}, etag=etag)

    def trying(self, fields: Fields) -> "Bond":
        """The bond while these fields are on their way to the server."""
        return replace(self, tried=self._digests(fields))

    def noticed(self, fields: Fields, *, now: datetime) -> "Bond | None":
        """The bond with the note that it was changed to this here; None if that is noted, or it was not."""
        if not self.differs(fields):
            return None
        noted = digest("\0".join(f"{name}={value}" for name, value in sorted(fields.items())), self.salt)
        return None if noted == self.noted else replace(self, noted=noted, noted_at=now)

    def settled(self) -> "Bond":
        """The bond without such a note."""
        return replace(self, noted="", noted_at=None)

    def _digests(self, fields: Fields) -> Fields:
        return {name: digest(value, self.salt) for name, value in fields.items()}


def digest(value: str, salt: bytes) -> str:
    """For comparing with what was; under the salt of one bond."""
    return blake2b(value.encode("utf-8", "surrogatepass"), key=salt, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Write it to the server as something new; `bond` None: nobody has tried before."""

    ours: Ours
    bond: Bond | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meet:
    """Both have it. Make `fields` of it here if they are others, note the server's as agreed, then write `fields` there."""

    ours: Ours
    theirs: Theirs
    fields: Fields
    bond: Bond | None = None
    """None: they have only now been found to be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Add it here. `bond`: it was here before, was taken away here and changed there."""

    theirs: Theirs
    bond: Bond | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Take it away here, once the server has said of this very thing that it is not there."""

    ours: Ours
    bond: Bond


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take it away there."""

    theirs: Theirs
    bond: Bond


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """It is on neither side any more, or nothing is to be done about it."""

    bond: Bond


Deed: TypeAlias = Send | Meet | Take | Drop | Withdraw | Forget


def deeds(ours: Sequence[Ours], theirs: Sequence[Theirs], bonds: Iterable[Bond]) -> list[Deed]:
    """What has to be done in one calendar; nothing if both sides agree. Each href and thing_id is there once."""
    here, there = {one.thing_id: one for one in ours}, {one.href: one for one in theirs}
    bonds, found = list(bonds), list[Deed]()
    known = {bond.href for bond in bonds}
    moved = {one.uid: one.href for one in theirs if one.href not in known and one.uid}
    for bond in bonds:
        one = here.pop(bond.thing_id, None)
        other = there.pop(bond.href, None) or there.pop(moved.get(bond.uid, ""), None)
        deed = _of_bond(bond, one, other)
        if deed is not None:
            found.append(deed)
    alike = {_likeness(one.fields): one for one in reversed(ours) if one.thing_id in here and one.is_wanted}
    for other in there.values():
        if other.fields is None or not other.is_wanted:
            continue
        one = alike.pop(_likeness(other.fields), None)
        if one is None:
            found.append(Take(theirs=other))
        else:
            del here[one.thing_id]
            found.append(Meet(ours=one, theirs=other, fields=one.fields))
    return [*found, *(Send(ours=one) for one in here.values() if one.is_wanted)]


def noticed(ours: Iterable[Ours], bonds: Iterable[Bond], *, now: datetime) -> list[Bond]:
    """The bonds of what was changed here, with the note of when, as far as that is new."""
    here = {one.thing_id: one.fields for one in ours}
    found = [bond.noticed(here[bond.thing_id], now=now) for bond in bonds if bond.thing_id in here]
    return [bond for bond in found if bond is not None]


def behind(ours: Iterable[Ours], bonds: Iterable[Bond]) -> int:
    """How many things the server does not have as they are here."""
    here, count = {one.thing_id: one for one in ours}, 0
    for bond in bonds:
        one = here.pop(bond.thing_id, None)
        count += one is None or not bond.etag or bond.differs(one.fields)
    return count + sum(one.is_wanted for one in here.values())


def _of_bond(bond: Bond, ours: Ours | None, theirs: Theirs | None) -> Deed | None:
    if ours is None:
        if theirs is None or theirs.fields is None:
            return Forget(bond=bond)
        return Take(theirs=theirs, bond=bond) if _has_news(bond, theirs) else Withdraw(theirs=theirs, bond=bond)
    if theirs is None:
        lasting = {name: value for name, value in ours.fields.items() if name != DONE}
        return Send(ours=ours, bond=bond) if not bond.etag or bond.differs(lasting) else Drop(ours=ours, bond=bond)
    if theirs.fields is None:
        return None
    is_agreed = theirs.etag == bond.etag and theirs.href == bond.href and not bond.differs(ours.fields)
    if is_agreed and bond.noted_at is None:
        return None
    return Meet(ours=ours, theirs=theirs, fields=_merged(bond, ours.fields, theirs), bond=bond)


def _has_news(bond: Bond, theirs: Theirs) -> bool:
    """Whether somebody else has changed it there, not only ticked it off, and it wants to be here."""
    news = any(bond.is_news(name, value) for name, value in (theirs.fields or {}).items() if name != DONE)
    return news and theirs.is_wanted and theirs.etag != bond.etag


def _merged(bond: Bond, ours: Fields, theirs: Theirs) -> Fields:
    assert theirs.fields is not None
    is_untouched = bool(bond.etag) and theirs.etag == bond.etag
    is_ours_later = theirs.written_at is not None and bond.noted_at is not None and bond.noted_at > theirs.written_at
    found = dict(ours)
    for name, value in theirs.fields.items():
        if is_untouched or value == ours.get(name) or not bond.is_news(name, value):
            continue
        if not bond.has_changed(name, ours.get(name, "")) or not is_ours_later:
            found[name] = value
    return found


def _likeness(fields: Fields) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value.casefold()) for name, value in fields.items()))
