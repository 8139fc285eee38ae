"""A device pairs with a real pairing desk over TLS, and nobody else gets in."""

import asyncio
from pathlib import Path

import pytest

from earwitness.domain.errors import DeviceError, TrustError
from earwitness.satellite.joining import join, own_name
from earwitness.satellite.server_link import Address, wait_seconds
from earwitness.trust.identity import Identity
from tests.unit.server.linking import linking


async def test_the_code_that_the_device_shows_pairs_it(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        desk = linked.desk
        await desk.open()
        identity = Identity(tmp_path / "device")
        code: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        address = Address(host="127.0.0.1", port=linked.port)
        joining = asyncio.create_task(join(address, identity=identity, name="den-box", show_code=code.set_result))
        shown = await asyncio.wait_for(code, 30)
        async with asyncio.timeout(30):
            while not desk.desk().waiting:  # noqa: ASYNC110 (the desk has no event)
                await asyncio.sleep(0.005)
        assert desk.desk().waiting[0].name == "den-box"
        device = await desk.confirm(shown, name="Den", area="den")
        await asyncio.wait_for(joining, 30)
        assert identity.is_paired
        satellite = linked.satellite(identity)
        await satellite.connect()
        await satellite.greet()
        assert linked.satellites.stations()[0].device_id == device.device_id


async def test_another_code_pairs_nobody(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        desk = linked.desk
        await desk.open()
        identity = Identity(tmp_path / "device")
        code: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        address = Address(host="127.0.0.1", port=linked.port)
        joining = asyncio.create_task(join(address, identity=identity, name="den-box", show_code=code.set_result))
        shown = await asyncio.wait_for(code, 30)
        wrong = f"{(int(shown) + 1) % 1_000_000:06}"
        for _ in range(3):
            with pytest.raises(TrustError):
                await desk.confirm(wrong, name="Den")
        with pytest.raises((TrustError, DeviceError)):
            await asyncio.wait_for(joining, 30)
        assert not identity.is_paired


async def test_a_closed_pairing_is_refused(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        address = Address(host="127.0.0.1", port=linked.port)
        with pytest.raises(TrustError):
            await join(address, identity=Identity(tmp_path / "device"), name="den-box", show_code=lambda code: None)


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1, port 1"):
        await join(Address(host="127.0.0.1", port=1), identity=Identity(tmp_path), name="x", show_code=lambda code: None)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("home.lan", "home.lan", 8766),
        ("home.lan:99", "home.lan", 99),
        ("[fe80::1]:7", "fe80::1", 7),
        ("fe80::1", "fe80::1", 8766),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == Address(host=host, port=port)


@pytest.mark.parametrize("text", ["", " ", ":5", "home:0", "home:70000", "home:x", "[::1]x"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(DeviceError):
        Address.parse(text)


def test_the_back_off_grows_is_bounded_and_differs() -> None:
    longest = [wait_seconds(attempt, chance=1.0) for attempt in range(20)]
    assert longest[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(longest) == 4.0, "so that an outage of some seconds is over 5 s after its end"
    assert wait_seconds(3, chance=0.0) == 0.8


def test_a_name_may_be_shown() -> None:
    assert own_name("  Den\n\x1b[31m ") == "Den[31m"
    assert own_name("\n") == "satellite"
    assert 1 <= len(own_name(None)) <= 64
