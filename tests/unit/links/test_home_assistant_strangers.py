"""What answers in place of Home Assistant is not trusted: wrong, huge, endless and silent answers end the link with a reason."""

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from earwitness.domain.errors import LinkError
from earwitness.links import home_assistant, home_assistant_socket
from earwitness.links.home_assistant import HomeAssistant
from earwitness.links.home_assistant_home import (
    SPOKEN_OF,
    Registries,
    device_of,
    kept_attributes,
    read_areas,
    read_entities,
    read_exposed,
)
from earwitness.links.home_links import HomeAssistantOptions, MqttOptions, home_assistant_kind, mqtt_kind
from earwitness.links.mqtt import Broker, MqttHome
from tests.unit.links.link_seats import Reported, seat

Play = Callable[[ServerConnection, dict[str, Any]], Awaitable[None]]


@asynccontextmanager
async def playing(play: Play, *, signs_in: bool = True) -> AsyncIterator[int]:
    """A server that signs anybody in and hands each command to `play`."""

    async def met(socket: ServerConnection) -> None:
        if signs_in:
            await socket.send('{"type": "auth_required"}')
            await socket.recv()
            await socket.send('{"type": "auth_ok"}')
        async for message in socket:
            await play(socket, json.loads(message))

    async with serve(met, "127.0.0.1", 0, max_size=None) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def ended(port: int) -> LinkError:
    """With what the link ends."""
    with pytest.raises(LinkError) as caught:
        await asyncio.wait_for(HomeAssistant(f"http://127.0.0.1:{port}", token="t").run(Reported()), 30)
    return caught.value


async def answer(socket: ServerConnection, command: dict[str, Any], result: object = None) -> None:
    await socket.send(json.dumps({"id": command["id"], "type": "result", "success": True, "result": result}))


ENTITIES = {
    "light.lamp": {"s": "off", "a": {"friendly_name": "Lamp", "brightness": "many", "supported_color_modes": 7}},
    "light.bad": {"s": 5},
    "light.long": {"s": "on", "a": {"friendly_name": "x" * 5000 + "\n"}},
    "sensor.odd": {"s": "\u0000\u202e" * 300, "a": []},
}
"""As `subscribe_entities` tells them, some of them wrong."""


async def strange(socket: ServerConnection, command: dict[str, Any]) -> None:
    """Registries of the wrong shape, then a home."""
    match command["type"]:
        case "subscribe_entities":
            await answer(socket, command)
            await socket.send(json.dumps({"id": command["id"], "type": "event", "event": {"a": ENTITIES}}))
        case "config/area_registry/list":
            await answer(
                socket, command, [{"area_id": "a"}, 5, {"area_id": ["x"], "name": {}}, {"area_id": "k", "name": "Kitchen"}]
            )
        case "config/entity_registry/list":
            await answer(socket, command, {"not": "a list"})
        case "homeassistant/expose_entity/list":
            await answer(socket, command, [1, 2])
        case "call_service":
            await answer(socket, command)
        case _:
            await answer(socket, command, "nonsense")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
TOLD = ("friendly_name", "brightness", "color_mode", "supported_color_modes", "hs_color", "percentage", "current_position")
MORE = ("temperature", "hvac_modes", "volume_level", "is_volume_muted", "media_title", "device_class", "color_temp_kelvin")


@given(domain=st.sampled_from(sorted(SPOKEN_OF)), told=st.dictionaries(st.sampled_from((*TOLD, *MORE)), JSON), rows=JSON)
@settings(max_examples=400, deadline=None)
def test_no_state_and_no_registry_raises(domain: str, told: dict[str, object], rows: object) -> None:
    entities = read_entities([{"entity_id": f"{domain}.x", "aliases": rows, "name": rows}], devices=rows, details=rows)
    registries = Registries(areas=read_areas(rows, rows), entities=entities, exposed=read_exposed(rows))
    device = device_of(f"{domain}.x", ("on", kept_attributes(told)), registries=registries)
    assert 0 < len(device.name) <= 100


async def test_registries_of_the_wrong_shape_leave_what_is_right() -> None:
    async with playing(strange) as port:
        link, report = HomeAssistant(f"http://127.0.0.1:{port}", token="t"), Reported()
        running = asyncio.create_task(link.run(report))
        await report.until_works()
        home = link.snapshot()
        assert {device.device_id for device in home.devices} == {"light.lamp", "light.long", "sensor.odd"}
        assert all(len(device.name) <= 100 and device.name.isprintable() for device in home.devices)
        assert [area.name for area in home.areas] == ["Kitchen"]
        assert (await link.apply("light.lamp", state="on")).state == "off", "an answer is no confirmation"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not link.is_reachable


async def test_it_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_assistant, "ASKING_SECONDS", 0.2)

    async def nothing(socket: ServerConnection, command: dict[str, Any]) -> None:
        pass

    async with playing(nothing) as port:
        assert (await ended(port)).code == "link.slow"


async def test_it_never_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_assistant, "OPENING_SECONDS", 0.2)

    async with playing(strange, signs_in=False) as port:
        assert (await ended(port)).code == "link.slow"


@pytest.mark.parametrize("said", ["no json", "[1, 2]", "[" * 5000, '{"type": "hello"}'])
async def test_it_says_what_is_no_message(said: str) -> None:
    async def met(socket: ServerConnection) -> None:
        await socket.send(said)
        await socket.wait_closed()

    async with serve(met, "127.0.0.1", 0) as server:
        assert (await ended(next(iter(server.sockets)).getsockname()[1])).code == "link.nonsense"


async def test_it_says_too_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_assistant_socket, "MOST_BYTES", 10_000)

    async def much(socket: ServerConnection, command: dict[str, Any]) -> None:
        await answer(socket, command, "x" * 50_000)

    async with playing(much) as port:
        assert (await ended(port)).code == "link.too_large"


async def test_it_answers_what_nobody_asked() -> None:
    async def stray(socket: ServerConnection, command: dict[str, Any]) -> None:
        for number in (-1, 10**9, None, "x", True):
            await socket.send(json.dumps({"id": number, "type": "result", "success": True}))
            await socket.send(json.dumps({"id": number, "type": "event", "event": {"a": {}}}))
        await strange(socket, command)

    async with playing(stray) as port:
        report = Reported()
        running = asyncio.create_task(HomeAssistant(f"http://127.0.0.1:{port}", token="t").run(report))
        await report.until_works()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_no_secret_travels_unencrypted_to_another_machine_unless_that_is_allowed() -> None:
    for address in ("http://192.0.2.1:8123", "192.0.2.1"):
        with pytest.raises(LinkError) as caught:
            home_assistant_kind().make(seat(HomeAssistantOptions(address=address), secrets={"token": "t"}))
        assert caught.value.code == "link.not_safe"
        home_assistant_kind().make(seat(HomeAssistantOptions(address=address, allows_plain=True), secrets={"token": "t"}))
    with pytest.raises(LinkError) as caught:
        mqtt_kind().make(seat(MqttOptions(host="192.0.2.1", encrypted=False)))
    assert caught.value.code == "link.not_safe"
    home_assistant_kind().make(seat(HomeAssistantOptions(address="http://127.0.0.1:8123"), secrets={"token": "t"}))


@pytest.mark.parametrize("address", ["ftp://x", "https://", "https://user:pass@host", "http://[::1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(LinkError) as caught:
        home_assistant_kind().make(seat(HomeAssistantOptions(address=address), secrets={"token": "t"}))
    assert caught.value.code == "link.invalid"


def test_what_leaves_the_house_is_named() -> None:
    (one,) = home_assistant_kind().outgoing(HomeAssistantOptions(address="https://home.example.org"))
    assert (one.host, one.is_encrypted, one.is_this_machine) == ("home.example.org:443", True, False)
    (other,) = mqtt_kind().outgoing(MqttOptions(host="localhost"))
    assert (other.host, other.is_encrypted, other.is_this_machine) == ("localhost:8883", True, True)


@pytest.mark.parametrize("kind", ["home_assistant", "mqtt"])
async def test_certificates_are_read_off_the_event_loop(kind: str) -> None:
    read_in = list[threading.Thread]()

    def tls() -> ssl.SSLContext:
        read_in.append(threading.current_thread())
        raise LinkError("The certificate file cannot be read.", code="link.invalid")

    broker = Broker(host="127.0.0.1", port=1, tls=tls)
    link = MqttHome(broker) if kind == "mqtt" else HomeAssistant("https://127.0.0.1:1", token="t", tls=tls)
    with pytest.raises(LinkError, match="certificate"):
        await asyncio.wait_for(link.run(Reported()), 30)
    assert read_in
    assert threading.main_thread() not in read_in


async def test_a_certificate_file_that_is_none_is_said_when_it_connects(tmp_path: Path) -> None:
    link = mqtt_kind().make(seat(MqttOptions(host="127.0.0.1", port=1, ca_file=tmp_path / "none.pem")))
    with pytest.raises(LinkError) as caught:
        await asyncio.wait_for(link.run(Reported()), 30)
    assert caught.value.code == "link.invalid"
