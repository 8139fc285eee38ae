"""Rooms that play together (Snapcast): how loud each loudspeaker is, and what its stream plays. It chooses no music itself.

Owns one connection (JSON-RPC over TCP); the server is not trusted: lines and counts are bounded. The protocol has no encryption.

The library snapcast is not used: it reads answers without bound.
"""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any, Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.links.doing import is_done
from earwitness.links.in_time import within
from earwitness.links.lines import Lines
from earwitness.links.link_kind import Report
from earwitness.links.players import Players, Playing
from earwitness.links.together import together

WHAT: Final = "The Snapcast server"
MOST_CLIENTS: Final = 200
_CONTROLS: Final = {"playing": "play", "on": "play", "paused": "pause", "idle": "stop", "off": "stop"}


class Snapcast(Players):
    """The loudspeakers of one server. `rooms` says in which room each stands, by what Snapcast calls it."""

    def __init__(self, host: str, *, port: int = 1705, title: str = WHAT, rooms: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self._host = host
        self._port = port
        self._rooms = dict(rooms or {})
        self._lines: Lines | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._is_stale = asyncio.Event()
        self._streams: dict[str, str] = {}

    async def run(self, report: Report) -> None:
        """Stay connected until cancelled. Raises LinkError."""
        lines = await Lines.open(self._host, self._port, what=WHAT)
        try:
            async with together() as tasks:
                self._lines = lines
                tasks.create_task(self._listen(lines))
                await self._look()
                report.works()
                while True:
                    await self._is_stale.wait()
                    self._is_stale.clear()
                    await self._look()
        finally:
            self._lines = None
            for waiting in self._waiting.values():
                waiting.cancel()
            self._waiting.clear()
            lines.close()
            self.lost()

    async def check(self) -> None:
        """Raises LinkError."""
        await self._ask("Server.GetRPCVersion")

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Set how loud a loudspeaker is, or have its stream play or pause where its source can. Raises LinkError."""
        before = self.reachable(device_id)
        wanted = dict(attributes or {})
        if unknown := wanted.keys() - {"volume", "is_muted"}:
            raise LinkError(f"{before.name} has no {min(unknown).replace('_', ' ')}.", code="link.refused")
        if state is not None:
            await self._control(device_id, _CONTROLS.get(state, ""))
            self._asked(device_id, state)
        if wanted:
            now = {"volume": before.attributes.get("volume", 100), "is_muted": before.attributes.get("is_muted", False)} | wanted
            volume = {"percent": round(float(now["volume"])), "muted": bool(now["is_muted"]) and "volume" not in wanted}
            await self._ask("Client.SetVolume", id=device_id, volume=volume)
            await self._look()
        return await self.until(device_id, lambda device: is_done(device, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Have its stream go forward or back, where its source can. Raises LinkError."""
        before = self.reachable(device_id)
        for _ in range(min(abs(tracks), 100)):
            await self._control(device_id, "next" if tracks > 0 else "previous")
        return await self.until(device_id, lambda device: device.attributes != before.attributes)

    async def _control(self, device_id: str, command: str) -> None:
        stream = self._streams.get(device_id)
        if not command or stream is None:
            raise LinkError(f"{self.device(device_id).name} can only be made louder, quieter or silent.", code="link.refused")
        await self._ask("Stream.Control", id=stream, command=command)
        self._is_stale.set()

    async def _listen(self, lines: Lines) -> None:
        while True:
            said = await lines.told()
            number = said.get("id")
            waiting = self._waiting.pop(number, None) if isinstance(number, int) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
            elif "method" in said:
                self._is_stale.set()

    async def _ask(self, method: str, **parameters: object) -> object:
        if self._lines is None:
            raise LinkError(f"{self._title} cannot be reached now.", code="link.unreachable")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._lines.say(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}))
            said = await within(answer, what=self._title)
        except asyncio.CancelledError:
            if answer.cancelled() and self._lines is None:
                raise LinkError(f"{self._title} broke off.", code="link.unreachable") from None
            raise
        finally:
            self._waiting.pop(number, None)
        if "result" not in said:
            raise LinkError(f"{self._title} refused that.", code="link.refused")
        return said["result"]

    async def _look(self) -> None:
        """Read how all loudspeakers are. Raises LinkError (link.nonsense)."""
        told = await self._ask("Server.GetStatus")
        try:
            server = told["server"]  # type: ignore[index]
            streams = {str(one["id"]): one for one in server["streams"]}
            pairs = [
                (client, streams.get(str(group["stream_id"]), {})) for group in server["groups"] for client in group["clients"]
            ]
            devices = [self._device(client, stream) for client, stream in pairs[:MOST_CLIENTS] if client["connected"] is True]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LinkError(f"{WHAT} sent what is no answer.", code="link.nonsense") from error
        able = {str(client["id"]): str(stream["id"]) for client, stream in pairs if _is_steerable(stream)}
        self._streams = able
        self.saw(*devices)

    def _device(self, client: Mapping[str, Any], stream: Mapping[str, Any]) -> Device:
        config, host = client["config"], client["host"]
        name = str(config.get("name") or host.get("name") or client["id"])[:100]
        volume = config["volume"]
        attributes: dict[str, SlotValue] = {"volume": int(volume["percent"]), "is_muted": volume["muted"] is True}
        given = stream.get("properties", {}).get("metadata", {})
        artist = given.get("artist", "")
        artists = ", ".join(map(str, artist)) if isinstance(artist, list) else str(artist)
        return self._player(
            str(client["id"])[:200],
            name=name,
            area=self._rooms.get(name),
            state="playing" if stream.get("status") == "playing" else "idle",
            attributes=attributes,
            playing=Playing(str(given.get("title", "")), artists, str(given.get("album", ""))),
        )


def _is_steerable(stream: Mapping[str, Any]) -> bool:
    properties = stream.get("properties")
    return isinstance(properties, dict) and properties.get("canControl") is True
