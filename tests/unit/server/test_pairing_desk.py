"""Pairing over real TLS connections: the code that the device shows is typed, and whoever guesses or comes late is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from earwitness.domain.device import DeviceEvent
from earwitness.domain.errors import DeviceError, TrustError
from earwitness.protocol.connection import Connection
from earwitness.protocol.frames import Frame
from earwitness.trust.identity import Identity
from earwitness.trust.pairing import DevicePairing
from earwitness.trust.tls import pairing_client_context
from tests.unit.server.linking import Linked, linking, until


class NewDevice:
    """A device that wants to be paired."""

    def __init__(self, linked: Linked, name: str) -> None:
        self.identity = Identity(linked.folder / name)
        self.name = name
        self.port = linked.port

    async def ask(self) -> str:
        """Ask to be paired; the code that it shows. Raises TrustError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=pairing_client_context())
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self.connection = Connection(reader, writer)
        self.pairing = DevicePairing(self.name, public_key=self.identity.public_key, server_certificate=shown)
        kind, fields = self.pairing.hello()
        await self.connection.write(Frame(kind, fields))
        await self.take()
        assert self.pairing.code is not None
        return self.pairing.code

    async def take(self) -> None:
        """Take the server's next message and answer it. Raises TrustError."""
        frame = await self.connection.read(within_seconds=30.0)
        assert frame is not None
        answer = self.pairing.receive(frame.kind, frame.fields)
        if answer is not None:
            await self.connection.write(Frame(answer[0], answer[1]))


@asynccontextmanager
async def waiting(linked: Linked, name: str) -> AsyncIterator[tuple[NewDevice, str]]:
    """A device that shows its code, and the owner sees that it waits."""
    device = NewDevice(linked, name)
    code = await device.ask()
    await until(lambda: any(one.name == name for one in linked.desk.desk().waiting))
    try:
        yield device, code
    finally:
        await device.connection.close()


async def test_a_device_is_paired_by_the_code_that_it_shows_and_comes_in(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        await linked.desk.open()
        async with waiting(linked, "Tall lamp") as (new, code):
            assert code not in repr(linked.desk.desk())
            device = await linked.desk.confirm(f"{code[:3]} {code[3:]}", name="Kitchen", area="Kitchen", by="a" * 32)
            await new.take()
            assert new.pairing.joined is not None
            new.identity.join(new.pairing.joined.certificate, household=new.pairing.joined.household)
        assert device.paired_by == "a" * 32
        assert not linked.desk.desk().is_open
        satellite = linked.satellite(new.identity)
        await satellite.connect()
        await satellite.greet()
        assert (await satellite.wait_for("settings"))["name"] == "Kitchen"
        logged = [entry.what for entry in linked.device_log.latest()]
        assert {DeviceEvent.PAIRING_OPENED, DeviceEvent.PAIRING_ASKED, DeviceEvent.PAIRED} <= set(logged)
        assert not any(code in entry.detail for entry in linked.device_log.latest())


async def test_nobody_pairs_while_it_is_closed(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        with pytest.raises(TrustError) as refused:
            await NewDevice(linked, "Tall lamp").ask()
        assert refused.value.code == "pairing.refused"


async def test_the_third_wrong_code_closes_it_and_refuses_who_waits(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        await linked.desk.open()
        async with waiting(linked, "Tall lamp") as (new, code):
            wrong = f"{(int(code) + 1) % 10**6:06}"
            for expected in ("pairing.wrong_code", "pairing.wrong_code", "pairing.closed"):
                with pytest.raises(TrustError) as refused:
                    await linked.desk.confirm(wrong, name="Kitchen")
                assert refused.value.code == expected
            with pytest.raises(TrustError):
                await new.take()
            with pytest.raises(TrustError):
                await linked.desk.confirm(code, name="Kitchen")
        assert linked.devices.all() == ()
        assert sum(entry.what is DeviceEvent.PAIRING_WRONG_CODE for entry in linked.device_log.latest()) == 3


async def test_a_code_works_once(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        await linked.desk.open()
        async with waiting(linked, "Tall lamp") as (new, code):
            await linked.desk.confirm(code, name="Kitchen")
            await new.take()
            await linked.desk.open()
            with pytest.raises(TrustError):
                await linked.desk.confirm(code, name="Den")
        assert [device.name for device in linked.devices.all()] == ["Kitchen"]


async def test_one_that_the_owner_refuses_and_one_that_leaves_are_gone(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        await linked.desk.open()
        async with waiting(linked, "Tall lamp") as (new, _):
            (one,) = linked.desk.desk().waiting
            await linked.desk.refuse(one.waiting_id)
            with pytest.raises(TrustError):
                await new.take()
            with pytest.raises(DeviceError):
                await linked.desk.refuse("f" * 32)
        async with waiting(linked, "Short lamp") as (other, code):
            other.connection.abort()
            await until(lambda: not linked.desk.desk().waiting)
            with pytest.raises(TrustError):
                await linked.desk.confirm(code, name="Den")


async def test_a_name_that_is_taken_uses_up_no_code(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        linked.pair("Kitchen")
        await linked.desk.open()
        async with waiting(linked, "Tall lamp") as (new, code):
            with pytest.raises(DeviceError) as taken:
                await linked.desk.confirm(code, name="kitchen")
            assert taken.value.code == "device.exists"
            await linked.desk.confirm(code, name="Den")
            await new.take()
            assert new.pairing.joined is not None


async def test_a_connection_without_a_certificate_can_do_nothing_but_pair(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        await linked.desk.open()
        for frame in (
            Frame("link", {"token": None, "received": 0}),
            Frame("hello", {"version": 1, "hands_free": False}),
            Frame("pair-open", {"nonce": "AA=="}),
            Frame("pair-hello", {"name": "x", "public_key": "AA==", "commitment": "AA=="}, payload=b"x"),
        ):
            streams = await asyncio.open_connection("127.0.0.1", linked.port, ssl=pairing_client_context())
            connection = Connection(*streams)
            await connection.write(frame)
            answer = await connection.read(within_seconds=30.0)
            assert answer is not None
            assert answer.kind == "pair-refused"
            await connection.close()
        assert linked.satellites.stations() == ()


async def test_too_many_at_once_are_refused(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        await linked.desk.open()
        devices = [NewDevice(linked, f"Lamp {number}") for number in range(5)]
        for device in devices[:4]:
            await device.ask()
        with pytest.raises(TrustError):
            await devices[4].ask()
        for device in devices[:4]:
            await device.connection.close()
