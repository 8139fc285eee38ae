"""Messages by SMS through a real gammu-smsd with the dummy telephone: sent, come in, refused, asked after, cut off."""

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError
from earwitness.domain.message import MessageState
from earwitness.links.message_link import MessageLink
from earwitness.links.sms import SmsLink
from tests.links.message_servers import Told
from tests.links.servers import Server, until
from tests.links.servers import running as serving
from tests.unit.links.link_seats import running

NUMBER = "+4930123456"


@dataclass(frozen=True)
class Smsd:
    server: Server
    folder: Path
    phone: Path

    def rings_in(self, text: str, *, name: str = "1") -> None:
        """A message comes into the telephone, as gammu's dummy keeps it."""
        inbox = self.phone / "sms" / "1"
        backup = (
            f'[SMSBackup000]\n#Number\nSMSC = "+4916000000"\nState = UnRead\nNumber = "{NUMBER}"\nClass = -1\n'
            f"Text00 = {text.encode('utf-16-be').hex().upper()}\nCoding = Unicode_No_Compression\nFolder = 1\n"
            "DateTime = 20261124T150730\n"
        )
        (inbox / name).write_text(backup, encoding="utf-8")


@pytest.fixture
def smsd(tmp_path: Path) -> Iterator[Smsd]:
    folder, phone = tmp_path / "smsd", tmp_path / "phone"
    for name in ("inbox", "outbox", "sent", "error"):
        (folder / name).mkdir(parents=True)
    for number in range(1, 6):
        (phone / "sms" / str(number)).mkdir(parents=True)
    config = tmp_path / "smsdrc"
    config.write_text(
        f"""[gammu]
model = dummy
connection = none
port = {phone}
[smsd]
service = files
logfile = stderr
commtimeout = 1
receivefrequency = 1
loopsleep = 1
checksecurity = 0
inboxpath = {folder}/inbox/
outboxpath = {folder}/outbox/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = unicode
outboxformat = unicode
""",
        encoding="utf-8",
    )
    with serving("gammu-smsd", ["-c", config], folder=tmp_path, ready=lambda: True) as server:
        yield Smsd(server, folder, phone)


def link(smsd: Smsd, told: Told) -> SmsLink:
    return SmsLink(link_id="2b" * 16, folder=smsd.folder, post=told)


@dataclass
class Looking(Told):
    """Looks at what gammu keeps when it is told what became of a message."""

    folder: Path = Path()
    kept: list[str] = field(default_factory=list)

    async def told(self, link_id: str, message_id: str, state: MessageState, *, reason: str = "") -> None:
        self.kept += [one.read_bytes().decode("utf-16") for one in self.folder.iterdir() if message_id in one.name]
        await super().told(link_id, message_id, state, reason=reason)


async def test_a_message_is_sent_and_an_answer_comes_in_once(smsd: Smsd) -> None:
    told = Looking(folder=smsd.folder / "sent")
    sms = link(smsd, told)
    assert isinstance(sms, MessageLink)
    half = smsd.folder / "outbox" / f".OUTC20261124_150730_00_{NUMBER}_{'5f' * 16}.txt.half"
    half.write_bytes(b"killed in the middle")
    async with running(sms) as works:
        await works.until_works()
        assert not half.exists()
        message_id = secrets.token_hex(16)
        assert await sms.send("+49 30 123456", "I am late \u2013 sorry", message_id=message_id) is MessageState.SENT
        await until(lambda: (message_id, MessageState.SENT) in told.states, what="what became of it")
        assert told.kept[0].startswith("I am late \u2013 sorry")
        await until(lambda: not [*(smsd.folder / "sent").iterdir()], what="nothing of it kept in plain")
        smsd.rings_in("Where are you?")
        await told.until_texts("Where are you?")
        assert told.arrivals[0].address == NUMBER
        await until(lambda: not list((smsd.folder / "inbox").iterdir()), what="the inbox emptied")


async def test_only_our_files_are_removed(smsd: Smsd) -> None:
    told, ours = Told(), secrets.token_hex(16)
    failed = smsd.folder / "error" / f"OUTC20261124_150730_00_{NUMBER}_{ours}.txt"
    failed.write_bytes(b"Nobody took it.")
    others = smsd.folder / "sent" / "OUTC20261124_150730_00_+4930_somebody.txt"
    others.write_bytes(b"not ours")
    async with running(link(smsd, told)) as works:
        await works.until_works()
        await until(lambda: not failed.exists(), what="what failed removed")
        assert told.states == [(ours, MessageState.FAILED)]
        assert others.exists()


async def test_what_is_known_after_a_crash(smsd: Smsd) -> None:
    sms = link(smsd, Told())
    never, waits = secrets.token_hex(16), secrets.token_hex(16)
    async with running(sms) as works:
        await works.until_works()
        assert await sms.fate(NUMBER, message_id=never) is MessageState.WAITING
        smsd.server.stop()
        (smsd.folder / "outbox" / f"OUTC20261124_150730_00_{NUMBER}_{waits}.txt").write_bytes("later".encode("utf-16"))
        smsd.server.start()
        assert await sms.fate(NUMBER, message_id=waits) is MessageState.SENT


async def test_nobody_knows_while_gammu_is_away_and_it_is_told_once_it_is_back(
    smsd: Smsd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.links.sms.WAIT_SECONDS", 1.0)
    told = Told()
    sms = link(smsd, told)
    async with running(sms) as works:
        await works.until_works()
        smsd.server.kill()
        message_id = secrets.token_hex(16)
        with pytest.raises(LinkError) as unknown:
            await sms.send(NUMBER, "hello", message_id=message_id)
        assert unknown.value.code == "link.unconfirmed"
        smsd.server.start()
        await until(lambda: (message_id, MessageState.SENT) in told.states, what="the message sent after all", seconds=60)


async def test_a_slow_gammu_leaves_it_unknown_and_it_is_told_once_it_was_sent(
    smsd: Smsd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.links.sms.WAIT_SECONDS", 1.0)
    told = Told()
    async with running(sms := link(smsd, told)) as works:
        await works.until_works()
        smsd.server.freeze()
        message_id = secrets.token_hex(16)
        with pytest.raises(LinkError) as unknown:
            await sms.send(NUMBER, "hello", message_id=message_id)
        assert unknown.value.code == "link.unconfirmed"
        assert await sms.fate(NUMBER, message_id=message_id) is None, "gammu has it still"
        smsd.server.thaw()
        await until(lambda: (message_id, MessageState.SENT) in told.states, what="the message sent after all", seconds=60)
        monkeypatch.undo()
        assert await sms.send(NUMBER, "again", message_id=secrets.token_hex(16)) is MessageState.SENT


async def test_a_gammu_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with running(SmsLink(link_id="2b" * 16, folder=tmp_path / "nowhere", post=Told())) as works:
        error = await works.until_ended()
        assert isinstance(error, LinkError)
        assert error.code == "link.unreachable"


async def test_numbers_that_are_none_and_folders_that_are_gone_are_refused(smsd: Smsd) -> None:
    sms = link(smsd, Told())
    async with running(sms) as works:
        await works.until_works()
        for number in ("anna@example.org", "../../etc/passwd", "", "+49/../x"):
            with pytest.raises(LinkError) as refused:
                await sms.send(number, "hello", message_id=secrets.token_hex(16))
            assert refused.value.code == "link.refused"
        with pytest.raises(LinkError):
            await sms.send(NUMBER, "x" * 5000, message_id=secrets.token_hex(16))
        shutil.rmtree(smsd.folder / "inbox")
        error = await works.until_ended()
        assert isinstance(error, LinkError)
        assert error.code == "link.unreachable"


async def test_strange_files_in_the_inbox_harm_nothing(smsd: Smsd) -> None:
    inbox, told = smsd.folder / "inbox", Told()
    (inbox / "IN20261124_150730_00_x_00.txt").write_bytes(b"\xff\xfe" + b"\xd8\x00" * 50_000)
    (inbox / "IN99999999_999999_00_+1_00.txt").write_bytes(b"an odd time")
    (inbox / "something else").write_bytes(b"\x00" * 1000)
    (inbox / "IN20261124_150731_00_+49301_00.txt").symlink_to("/etc/passwd")
    async with running(link(smsd, told)) as works:
        await works.until_works()
        await until(lambda: any(one.text == "an odd time" for one in told.arrivals), what="the odd one")
        assert all(len(one.text) <= 2001 and "root:" not in one.text for one in told.arrivals)
    assert (inbox / "something else").exists()
