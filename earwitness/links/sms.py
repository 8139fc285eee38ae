"""Messages by SMS, through a `gammu-smsd` that somebody runs beside the telephone: its folders are all that is shared with it.

It is a program of its own (GPL), driven by its files service (FILES): a message is a file in its outbox, which it moves to the
folder of what was sent or of errors; what came in are files in its inbox. The name of a file has the message's id, so what
became of it can be seen also after a crash, and nothing is put there twice.
"""

import asyncio
import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError
from earwitness.domain.message import LONGEST_TEXT, Arrival, MessageState
from earwitness.links.link_kind import Report
from earwitness.links.message_link import Post, Rate, unconfirmed
from earwitness.storage.durable import sync_folder

LOOK_EVERY_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 18.0
MOST_BYTES: Final = 64 * 1024
MOST_FILES: Final = 500
"""Looked at in one go."""
MOST_CHARACTERS: Final = 800
"""About five messages of the telephone's, joined."""
_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")
_IN: Final = re.compile(r"IN(\d{8})_(\d{6})_(\d{2})_([^/]{0,40})_(\d{2})\.txt")
_OUT: Final = re.compile(r"OUT.*_([0-9a-f]{32})\.[^/]*")
WHAT: Final = "gammu-smsd"


class SmsLink:
    """A MessageLink over the folders `inbox`, `outbox`, `sent` and `error` of a gammu-smsd."""

    channels = (Channel.PHONE,)
    name_of_way = "SMS"
    tells_delivery = False
    owner_id: str | None = None

    def __init__(self, *, link_id: str, folder: Path, post: Post) -> None:
        self._link_id = link_id
        self._folder = folder
        self._post = post
        self._report: Report | None = None
        self._rate = Rate()
        self._waited_for: set[str] = set()
        """Messages of which somebody waits here to see what becomes of them."""

    async def run(self, report: Report) -> None:
        await self.check()
        await asyncio.to_thread(_remove_halves, self._folder / "outbox")
        report.works()
        self._report = report
        try:
            while True:
                await self._take()
                await self._follow()
                await asyncio.sleep(LOOK_EVERY_SECONDS)
                await self.check()
        except OSError as error:
            raise LinkError("The folders of gammu-smsd cannot be read.", code="link.unreachable") from error
        finally:
            self._report = None

    async def check(self) -> None:
        """Whether the four folders are there and can be used."""
        for name in ("inbox", "outbox", "sent", "error"):
            if not await asyncio.to_thread(os.access, self._folder / name, os.R_OK | os.W_OK | os.X_OK):
                sentence = f'The folder "{name}" of gammu-smsd is not there, or may not be read and written.'
                raise LinkError(sentence, code="link.unreachable")

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        number = re.sub(r"[\s()./-]", "", address)
        if not _NUMBER.fullmatch(number):
            raise LinkError("That is no telephone number that SMS can go to.", code="link.refused")
        if len(text) > MOST_CHARACTERS:
            raise LinkError(f"An SMS has at most {MOST_CHARACTERS} characters.", code="link.refused")
        if self._report is None:
            raise LinkError("The folders of gammu-smsd cannot be used.", code="link.unreachable")
        try:
            await asyncio.to_thread(_put, self._folder / "outbox" / _name(number, message_id), text)
        except OSError as error:
            raise LinkError("The outbox of gammu-smsd cannot be written.", code="link.unreachable") from error
        state = await self._settled(message_id)
        self._report.used()
        if state is MessageState.FAILED:
            raise LinkError("The telephone could not send it.", code="link.refused")
        if state is not MessageState.SENT:
            raise unconfirmed(WHAT)
        return state

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        """In the outbox it is gammu's, and will be sent; where it is nowhere, it never was put there."""
        found = await asyncio.to_thread(self._found, message_id)
        if found is not MessageState.SENDING:
            return found
        return await self._settled(message_id)

    async def _settled(self, message_id: str) -> MessageState | None:
        self._waited_for.add(message_id)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    found = await asyncio.to_thread(self._found, message_id)
                    if found in (MessageState.SENT, MessageState.FAILED):
                        return found
                    await asyncio.sleep(LOOK_EVERY_SECONDS / 5)
        except TimeoutError:
            return None
        finally:
            self._waited_for.discard(message_id)

    async def _follow(self) -> None:
        """Tell what became of messages, and remove what gammu keeps of them in plain, once that is noted; also of those whose
        person is gone."""
        for name, state, reason in (
            ("sent", MessageState.SENT, ""),
            ("error", MessageState.FAILED, "The telephone could not send it."),
        ):
            for path, message_id in await asyncio.to_thread(_ours, self._folder / name):
                if message_id not in self._waited_for:
                    await self._post.told(self._link_id, message_id, state, reason=reason)
                    await asyncio.to_thread(_remove, path)

    def _found(self, message_id: str) -> MessageState:
        for name, state in (
            ("sent", MessageState.SENT),
            ("error", MessageState.FAILED),
            ("outbox", MessageState.SENDING),
            ("sent", MessageState.SENT),  # moved meanwhile
        ):
            if any(True for _ in (self._folder / name).glob(f"OUT*{message_id}*")):
                return state
        return MessageState.WAITING

    async def _take(self) -> None:
        """What came in: each file is taken away once what it says is kept."""
        for paths in await asyncio.to_thread(_messages, self._folder / "inbox"):
            arrival = await asyncio.to_thread(_read, paths)
            if arrival is not None:
                if not self._rate.takes(arrival.address):
                    continue  # they stay where they are
                await self._rate.turn()
                await self._post.arrived(self._link_id, arrival)
                if self._report is not None:
                    self._report.used()
            await asyncio.to_thread(_remove, *paths)


def _name(number: str, message_id: str) -> str:
    """OUT<priority><date>_<time>_<serial>_<number>_<note>.txt<options>: smsd sends in their order; d asks for a report of
    delivery."""
    return f"OUTC{datetime.now(UTC):%Y%m%d_%H%M%S}_00_{number}_{message_id}.txt"


def _put(path: Path, text: str) -> None:
    """Whole or not at all: smsd looks at any moment. Not twice: a name that is there already is the same message."""
    if any(True for _ in path.parent.glob(f"OUT*{path.name.rsplit('_', 1)[1].removesuffix('.txt')}*")):
        return
    half = path.parent / f".{path.name}.half"
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"\xff\xfe" + text.encode("utf-16-le", "replace"))
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    sync_folder(path.parent)


def _remove_halves(outbox: Path) -> None:
    """What was being written when an earlier process was killed."""
    _remove(*outbox.glob(".OUT*.half"))


def _ours(folder: Path) -> list[tuple[Path, str]]:
    """Files of our messages in a folder, with their ids."""
    with os.scandir(folder) as entries:
        found = [(Path(entry.path), _OUT.fullmatch(entry.name)) for entry in entries if entry.name.startswith("OUT")]
    return [(path, named[1]) for path, named in found if named][:MOST_FILES]


def _messages(inbox: Path) -> list[list[Path]]:
    """The files of what came in, those of one message together, oldest first."""
    found: dict[str, list[Path]] = {}
    with os.scandir(inbox) as entries:
        for _, entry in zip(range(MOST_FILES), entries, strict=False):
            named = _IN.fullmatch(entry.name)
            if named and entry.is_file(follow_symlinks=False):
                found.setdefault("_".join(named.groups()[:4]), []).append(Path(entry.path))
    return [sorted(found[key]) for key in sorted(found)]


def _read(paths: list[Path]) -> Arrival | None:
    named = _IN.fullmatch(paths[0].name)
    if named is None:
        return None
    data = b"".join(_bytes(path) for path in paths)
    text = _text(data)
    if not text.strip():
        return None
    with contextlib.suppress(ValueError):
        at = datetime.strptime(named[1] + named[2], "%Y%m%d%H%M%S").astimezone()
        return Arrival(address=named[4], text=text[: LONGEST_TEXT + 1], outside_id=paths[0].name, sent_at=at)
    return Arrival(address=named[4], text=text[: LONGEST_TEXT + 1], outside_id=paths[0].name)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _text(data: bytes) -> str:
    """smsd writes UTF-8 or UTF-16 with its mark, as it is set up."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").replace("\ufeff", "")
    return data.decode("utf-8", "replace")


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
