"""Messages through everything: killed in the middle they are neither lost nor doubled; a spoken one arrives by a real prosody."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.confirmation import Act, Confirmation, Speaker
from earwitness.domain.contact import Address, Channel, Contact
from earwitness.domain.message import Message, MessageState
from earwitness.domain.turn import Outcome
from earwitness.links.message_box import MessageBox
from earwitness.speech.audio_file import read_audio, wav_header
from earwitness.storage.database import Database
from tests.links.killed_sender import link_of, now, office
from tests.links.message_servers import DOMAIN, PASSWORD, Prosody, Told, prosody
from tests.links.servers import until
from tests.links.test_xmpp import link
from tests.unit.links.link_seats import running
from tests.unit.skills.post import ANNA, XMPP, put_people

TEXTS = [f"number {number}" for number in range(12)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Prosody]:
    with prosody(tmp_path / "prosody", "anna", "tom") as found:
        yield found


def put(box: MessageBox, number: int, text: str) -> None:
    made = Message(
        message_id=f"{number:032x}",
        person_id=ANNA.person_id,
        is_incoming=False,
        link_id=XMPP,
        address=f"tom@{DOMAIN}",
        name="Tom",
        text=text,
        state=MessageState.WAITING,
        created_at=now(),
        changed_at=now(),
    )
    box.add(made)


def send_until_killed(server: Prosody, folder: Path, *, kill_at: int) -> None:
    """Let a process send until it is about to hand over that many messages, then kill it."""
    command = [sys.executable, "-m", "tests.links.killed_sender", str(folder), str(server.port), str(server.ca_file)]
    sender = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert sender.stdout is not None
    try:
        for _ in range(kill_at):
            assert sender.stdout.readline(), "it ended by itself"
    finally:
        sender.kill()
        sender.wait()


async def test_killed_in_the_middle_nothing_is_lost_and_nothing_doubled(server: Prosody, tmp_path: Path) -> None:
    """The process is killed at different moments of sending. What came of each message is known, or is said not to be."""
    database = Database(tmp_path / "household.db", chain="household")
    put_people(database)
    idle = office(database, link_of(None, port=server.port, ca_file=server.ca_file))
    for number, text in enumerate(TEXTS):
        put(idle.box, number, text)
    told = Told()
    async with running(link(server, "tom", told)) as theirs:
        await theirs.until_works()
        for kill_at in (1, 2, 3):
            await asyncio.to_thread(send_until_killed, server, tmp_path, kill_at=kill_at)
        last = link_of(None, port=server.port, ca_file=server.ca_file)
        async with running(last) as works:
            await works.until_works()
            carrier = office(database, last)
            task = asyncio.create_task(carrier.run())

            def is_settled() -> bool:
                states = {one.state for one in carrier.box.of(ANNA.person_id)}
                return not states & {MessageState.WAITING, MessageState.SENDING}

            await until(is_settled, what="every message sent or unknown", seconds=60)
            task.cancel()
        states = {one.text: one.state for one in carrier.box.of(ANNA.person_id)}
        sent = {text for text, state in states.items() if state is not MessageState.UNKNOWN}
        await until(lambda: sent <= {one.text for one in told.arrivals}, what="all that is called sent")
    came = [one.text for one in told.arrivals]
    assert len(came) == len(set(came)), "one came twice"
    assert len(states) == len(TEXTS)
    assert sum(state is MessageState.UNKNOWN for state in states.values()) <= 3, "only what was on its way when it was killed"
    database.close()


@pytest.mark.models
async def test_a_spoken_message_arrives_and_is_said_to_be_sent(server: Prosody, tmp_path: Path) -> None:
    told = Told()
    with House(Settings(), is_passing=True) as house:
        person_id = house.people.add("Anna", passphrase="a passphrase, long enough").person_id
        address = Address(channel=Channel.XMPP, value=f"tom@{DOMAIN}")
        house.contacts.add(Contact(contact_id="", owner_id=person_id, name="Tom", addresses=(address,), changed_at=now()))
        house.configured_links.add(
            "xmpp",
            name="ours",
            options={"address": f"anna@{DOMAIN}", "server": f"127.0.0.1:{server.port}", "ca_file": str(server.ca_file)},
            secrets={"password": PASSWORD},
        )
        jobs = [asyncio.create_task(job.run()) for job in (house.switchboard, house.post)]
        try:
            async with running(link(server, "tom", told)) as theirs:
                await theirs.until_works()
                await until(lambda: any(way.works for way in house.post.ways(person_id)), what="our link")
                sound = _sound(house, "Send a message to Tom saying dinner is ready at seven.")
                asked, _ = await house.ask(sound, person_id=person_id)
                assert asked.outcome is Outcome.ASKED, asked
                assert "To Tom by XMPP" in asked.reply
                assert not told.arrivals
                for speaker in (Speaker.OWNER, Speaker.ADULT):
                    house.confirmations.choose(Act.MESSAGE, speaker, Confirmation.NONE)
                done, _ = await house.ask(sound, person_id=person_id)
                assert (done.outcome, done.reply) == (Outcome.DONE, "Sent to Tom.")
                await until(lambda: len(told.arrivals) == 1, what="the message at the other side")
                assert told.arrivals[0].text.casefold().startswith("dinner is ready at")
                assert told.arrivals[0].address == f"anna@{DOMAIN}"
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)


def _sound(house: House, text: str) -> Pcm:
    parts = list(house.voices.stream(text, voice="heart", speed=1.0))
    data = b"".join(part.data for part in parts)
    recorded = read_audio(io.BytesIO(wav_header(len(data), rate_hz=parts[0].rate_hz) + data), longest_seconds=30.0)
    pause = bytes(RATE_HZ // 4 * SAMPLE_BYTES)
    return Pcm(data=pause + recorded.data + pause)
