"""What is inside a backup: a tar of members in a fixed order, a manifest of their digests, and a signature under it.

    about.json      what this is: format version, kind, date, sizes, the ledger's checkpoint
    …               the members: of data household.db, ledger.db, recordings/ab/…; of keys authority.key, keys.db, …
    manifest.txt    a line for each member before it: SHA-256, size, name
    manifest.note   a signed note (C2SP signed-note) of the ledger's key over the manifest's SHA-256

Reading is strict: every header must be, byte for byte, the one that would be written; so there are no links, no paths that lead
elsewhere, no members that come twice. It writes and reads streams and knows neither encryption nor databases.
"""

import contextlib
import hashlib
import itertools
import json
import re
import tarfile
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

from earwitness import __version__
from earwitness.domain.errors import BackupError, ProofError
from earwitness.ledger.note import Note, Verifier, is_signed_by, parse_note, sign
from earwitness.ledger.signing_key import SigningKey

VERSION: Final = 1
ABOUT: Final = "about.json"
MANIFEST: Final = "manifest.txt"
SEAL: Final = "manifest.note"
Kind: TypeAlias = Literal["data", "keys"]
_MEMBERS: Final[dict[str, str]] = {
    "data": r"household\.db|ledger\.db|recordings/[0-9a-f]{2}/[0-9a-f]{30}",
    "keys": r"authority\.key|authority\.next\.key|decisions\.jsonl|household\.key|keys\.db|ledger\.key|wireguard\.key",
}
_BLOCK: Final = 512
_MOST_SMALL: Final = 65_536
"""Bytes of about.json and of the note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a backup says of itself. `total_bytes` is of its members, about; `checkpoint` is the ledger's when it was begun: what
    was erased before that is not in it. `left_out` names what others must back up."""

    kind: Kind
    made_at: datetime
    total_bytes: int
    checkpoint: str
    left_out: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        facts = {
            "earwitness_backup": VERSION,
            "kind": self.kind,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "made_by": __version__,
            "total_bytes": self.total_bytes,
            "checkpoint": self.checkpoint,
            "left_out": list(self.left_out),
        }
        return json.dumps(facts, indent=1).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member on its way into a backup."""

    name: str
    size: int
    chunks: Iterable[bytes]


class Sink(Protocol):
    """Where members go as they are read."""

    def accept(self, about: About) -> None:
        """See what comes; raise to refuse it."""
        ...

    def begin(self, name: str, size: int) -> Callable[[bytes], object]:
        """A member begins; gives what takes its bytes."""
        ...

    def end(self) -> None:
        """The member is over."""
        ...


def pack(about: About, members: Iterable[Member], *, key: SigningKey, folder: Path) -> Iterator[bytes]:
    """The blocks of a backup; a long manifest waits in an unnamed file in `folder`. Members must come in order."""
    body = about.to_bytes()
    first = Member(name=ABOUT, size=len(body), chunks=[body])
    with tempfile.SpooledTemporaryFile(max_size=1 << 20, dir=str(folder)) as lines:
        for member in itertools.chain([first], members):
            digest = hashlib.sha256()
            yield from _packed(member, digest)
            lines.write(_line(digest.hexdigest(), member.size, name=member.name))
        size, whole = lines.tell(), hashlib.sha256()
        lines.seek(0)
        yield from _packed(Member(name=MANIFEST, size=size, chunks=iter(lambda: lines.read(1 << 20), b"")), whole)
    text = _sealed_text(about.kind, whole.hexdigest())
    note = Note(text=text, signatures=(sign(text, name=key.name, key=key.key),)).encoded().encode()
    yield from _packed(Member(name=SEAL, size=len(note), chunks=[note]), hashlib.sha256())
    yield bytes(2 * _BLOCK)


class Unpacker:
    """Takes the bytes of a backup piece by piece and gives its members to a sink; `finish` when there are no more.

    `most_bytes` is how long the backup is: no member is longer. Raises BackupError for whatever is not exactly a backup of that
    kind. Until `finish` has returned, and `check_author` too, nothing that the sink got is to be believed.
    """

    def __init__(self, kind: Kind, sink: Sink, *, most_bytes: int) -> None:
        self.about: About | None = None
        self._kind = kind
        self._sink = sink
        self._most_bytes = most_bytes
        self._lines = hashlib.sha256()
        self._note = b""
        self._waiting = bytearray()
        self._is_whole = False
        self._feed = self._parse()
        next(self._feed)

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._waiting += data
        self._go_on(is_over=False)
        return len(data)

    def finish(self) -> About:
        """There are no more bytes; gives what the backup says of itself."""
        self._go_on(is_over=True)
        assert self.about is not None
        return self.about

    def check_author(self, verifier: Verifier) -> None:
        """That the household whose ledger has this key made the backup. Raises BackupError (backup.other_household)."""
        try:
            is_ours = is_signed_by(parse_note(self._note.decode("utf-8", "replace")), verifier)
        except ProofError:
            is_ours = False
        if not is_ours:
            raise BackupError(
                f"The backup of the {self._kind} was not made by this household, or was changed by somebody who is not of it.",
                code="backup.other_household",
            )

    def _go_on(self, *, is_over: bool) -> None:
        with contextlib.suppress(StopIteration):
            if not self._is_whole:
                self._feed.send(is_over)
                return
        self._is_whole = True
        if self._waiting:
            raise _not_one("something follows after its end")

    # A coroutine: it yields when it needs more bytes, and is sent whether there are no more.

    def _parse(self) -> Generator[None, bool, None]:
        name = yield from self._member("", self._take_about)
        assert self.about is not None
        self._sink.accept(self.about)
        while name != MANIFEST:
            name = yield from self._member(name, None)
        yield from self._member(MANIFEST, None)
        if (yield from self._bytes(2 * _BLOCK)) != bytes(2 * _BLOCK):
            raise _not_one("it has no proper end")

    def _member(self, before: str, take: Callable[[bytes], None] | None) -> Generator[None, bool, str]:
        """One member, which must be one that may follow on the one before."""
        name, size = _header(bytes((yield from self._bytes(_BLOCK))), most_bytes=self._most_bytes)
        if not self._may_follow(name, before):
            raise _not_one(f"{name[:80]!r} has no place there")
        digest, small = hashlib.sha256(), bytearray()
        is_small = name in (ABOUT, SEAL)
        if is_small and size > _MOST_SMALL:
            raise _not_one(f"its {name} is too long")
        sink: Callable[[bytes], object] = small.extend if is_small else (lambda data: None)
        if not is_small and name != MANIFEST:
            sink = self._sink.begin(name, size)
        rest = size
        while rest:
            piece = yield from self._some(rest)
            digest.update(piece)
            sink(piece)
            rest -= len(piece)
        padding = -size % _BLOCK
        if (yield from self._bytes(padding)) != bytes(padding):
            raise _not_one("there is something between its members")
        self._settle(name, size, digest=digest.hexdigest(), small=bytes(small))
        if take is not None:
            take(bytes(small))
        return name

    def _settle(self, name: str, size: int, *, digest: str, small: bytes) -> None:
        """What a member that is over means for the manifest."""
        if name == SEAL:
            self._note = small
            _check_seal(small, kind=self._kind, digest=self._lines.hexdigest())
        elif name == MANIFEST:
            if digest != self._lines.hexdigest():
                raise _not_one("its manifest does not fit what is in it")
        else:
            self._lines.update(_line(digest, size, name=name))
            if name != ABOUT:
                self._sink.end()

    def _take_about(self, body: bytes) -> None:
        self.about = _about(body)
        if self.about.kind != self._kind:
            raise BackupError(f"That is a backup of the {self.about.kind}, not of the {self._kind}.", code="backup.wrong_kind")

    def _may_follow(self, name: str, before: str) -> bool:
        if not before:
            return name == ABOUT
        if before == MANIFEST:
            return name == SEAL
        if name == MANIFEST:
            return True
        return re.fullmatch(_MEMBERS[self._kind], name, re.ASCII) is not None and (before == ABOUT or name > before)

    def _some(self, most: int) -> Generator[None, bool, bytes]:
        while not self._waiting:
            if (yield):
                raise _not_one("it ends too early")
        piece = bytes(self._waiting[:most])
        del self._waiting[:most]
        return piece

    def _bytes(self, count: int) -> Generator[None, bool, bytes]:
        while len(self._waiting) < count:
            if (yield):
                raise _not_one("it ends too early")
        return (yield from self._some(count)) if count else b""


def _packed(member: Member, digest: "hashlib._Hash") -> Iterator[bytes]:
    yield _tar_header(member.name, member.size)
    rest = member.size
    for chunk in member.chunks:
        digest.update(chunk)
        rest -= len(chunk)
        yield chunk
    if rest:
        raise BackupError(f"{member.name} changed while it was being read; make the backup again.", code="backup.changed")
    yield bytes(-member.size % _BLOCK)


def _tar_header(name: str, size: int) -> bytes:
    """A header that says nothing but name and size; sizes of 8 GiB and more are written as GNU tar does."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(format=tarfile.GNU_FORMAT)


def _header(block: bytes, *, most_bytes: int) -> tuple[str, int]:
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        is_ours = 0 <= info.size <= most_bytes and _tar_header(info.name, info.size) == block
    except (tarfile.HeaderError, UnicodeError, ValueError) as error:
        raise _not_one("a header in it is none") from error
    if not is_ours:
        raise _not_one("a header in it is not as we write them")
    return info.name, info.size


def _about(body: bytes) -> About:
    try:
        facts: dict[str, Any] = json.loads(body)
        version = facts["earwitness_backup"]
        if version != VERSION:
            raise BackupError(
                f"That backup has format version {version!r}; this Earwitness reads {VERSION}. Update it.",
                code="backup.wrong_version",
            )
        found = About(
            kind=facts["kind"],
            made_at=datetime.fromisoformat(facts["made_at"]),
            total_bytes=int(facts["total_bytes"]),
            checkpoint=str(facts["checkpoint"]),
            left_out=tuple(map(str, facts["left_out"])),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _not_one("what it says of itself cannot be read") from error
    if found.kind not in _MEMBERS or found.made_at.tzinfo is None or found.total_bytes < 0:
        raise _not_one("what it says of itself makes no sense")
    return found


def _check_seal(note: bytes, *, kind: Kind, digest: str) -> None:
    try:
        text = parse_note(note.decode("utf-8", "replace")).text
    except ProofError as error:
        raise _not_one("it is not signed") from error
    if text != _sealed_text(kind, digest):
        raise _not_one("what is signed is not what is in it")


def _sealed_text(kind: Kind, digest: str) -> str:
    return f"earwitness backup v{VERSION}\n{kind}\n{digest}\n"


def _line(digest: str, size: int, *, name: str) -> bytes:
    return f"{digest} {size} {name}\n".encode("ascii")


def _not_one(reason: str) -> BackupError:
    return BackupError(f"The backup cannot be used: {reason}. Use another copy.", code="backup.damaged")
