"""Network namespaces for trials: places that reach each other over one wire, which the trial can make slow, lossy, or cut.

The wire is a thread of ours between TUN interfaces, so it needs the superuser, `ip netns` and /dev/net/tun, and no kernel module
(netem is one that many machines lack). It sees every packet that is sent, also those that it loses, and keeps a copy. Everything
it makes has a name of its own and is gone when it is closed, also after an error. IPv4 only.
"""

import contextlib
import ctypes
import fcntl
import heapq
import itertools
import os
import random
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeVar

_Result = TypeVar("_Result")
_CLONE_NEWNET: Final = 0x40000000
_TUNSETIFF: Final = 0x400454CA
_TUN_WITHOUT_HEADER: Final = 0x0001 | 0x1000
_PCAP: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
"""The header of a capture of bare IP packets (LINKTYPE_RAW)."""
NETWORK: Final = "198.18.7"
"""Of RFC 2544: for trials of networks, never routed."""
MTU: Final = 1500
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """Why trials in namespaces cannot run here, None if they can."""
    if os.geteuid() != 0:
        return "network namespaces need the superuser"
    if shutil.which("ip") is None:
        return "`ip` is not here: install iproute2"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not here"
    name = f"ew{secrets.token_hex(3)}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "this machine makes no network namespaces (`ip netns add` fails)"
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """An IP packet as it was sent. `at` is of the wire's clock, in seconds; `is_lost` says that it did not arrive."""

    at: float
    data: bytes
    is_lost: bool


class Place:
    """A namespace with one address on the wire."""

    def __init__(self, name: str, *, address: str) -> None:
        self.name = name
        self.address = address
        self._started: list[subprocess.Popen[Any]] = []

    def run(self, command: Sequence[str | Path], **more: Any) -> subprocess.CompletedProcess[str]:
        """Run a command there and wait for it, a minute at most. Raises CalledProcessError unless `check=False`."""
        options: dict[str, Any] = {"capture_output": True, "text": True, "check": True, "timeout": 60} | more
        return subprocess.run(["ip", "netns", "exec", self.name, *map(str, command)], **options)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        output: int | IO[Any] | None = subprocess.DEVNULL,
        cwd: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Start a command there in a session of its own; it is ended with the wire."""
        started = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *map(str, command)],
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            start_new_session=True,
        )
        self._started.append(started)
        return started

    def call(self, function: Callable[[], _Result]) -> _Result:
        """What the function gives, called in a thread that lives in the place: its sockets are there."""
        return self.calling(function)()

    def calling(self, function: Callable[[], _Result]) -> Callable[[], _Result]:
        """The same, begun now; the result is waited for when it is called for."""
        results: list[_Result] = []
        errors: list[BaseException] = []

        def inside() -> None:
            try:
                self.enter()
                results.append(function())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=inside, daemon=True)
        thread.start()

        def result() -> _Result:
            thread.join()
            if errors:
                raise errors[0]
            return results[0]

        return result

    def enter(self) -> None:
        """Move the calling thread into the place. Raises OSError."""
        handle = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _LIBC.setns(handle, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def congestion(self, name: str) -> Iterator[None]:
        """While the block runs, new connections there take this congestion control, if they do not choose one themselves."""
        path = "/proc/sys/net/ipv4/tcp_congestion_control"
        before = self.run(["cat", path]).stdout.strip()
        self.run(["sh", "-c", f"echo {name} > {path}"])
        try:
            yield
        finally:
            self.run(["sh", "-c", f"echo {before} > {path}"])

    def processes(self) -> list[int]:
        """Ids of the processes that live there."""
        return [
            int(one)
            for one in subprocess.run(
                ["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False
            ).stdout.split()
        ]

    def end(self) -> None:
        """End what was started there, and what that started."""
        for started in self._started:
            if started.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGTERM)
        for started in self._started:
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()
            if started.stdout is not None:
                started.stdout.close()
        for left in self.processes():  # such as wireguard-go, which leaves the session that it was started in
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)


@dataclass
class Weather:
    """How bad the wire is; it can be changed at any time. Loss and delay are of each direction."""

    loss: float = 0.0
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    is_cut: bool = False


@dataclass
class Wire:
    """Joins places. Use it as a context; `packets` is all that was sent, in order."""

    seed: int = 1
    keeps_packets: bool = True
    weather: Weather = field(default_factory=Weather)
    packets: list[Packet] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)
    _handles: dict[str, int] = field(default_factory=dict)
    tag: str = field(default_factory=lambda: secrets.token_hex(3))
    """Of this wire alone: for names that must not be taken."""

    def __enter__(self) -> Self:
        _sweep()
        self._random = random.Random(self.seed)
        self._blocks: dict[int, list[bool]] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._order = itertools.count()
        self._wake, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._is_open = True
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for place in self._places:
            place.end()
        self._is_open = False
        os.write(self._waker, b".")
        self._thread.join()
        for handle in (*self._handles.values(), self._wake, self._waker):
            os.close(handle)
        for place in self._places:
            subprocess.run(["ip", "netns", "delete", place.name], capture_output=True, check=False)

    def place(self, label: str) -> Place:
        """A new place with the next address, a loopback interface and the wire's."""
        number = len(self._places) + 1
        place = Place(f"ew-{os.getpid()}-{self.tag}-{label}", address=f"{NETWORK}.{number}")
        subprocess.run(["ip", "netns", "add", place.name], check=True)
        self._places.append(place)
        handle = place.call(lambda: _tun("wire"))
        for command in (
            ("address", "add", f"{place.address}/24", "dev", "wire"),
            ("link", "set", "wire", "mtu", str(MTU), "up"),
            ("link", "set", "lo", "up"),
        ):
            subprocess.run(["ip", "-n", place.name, *command], check=True)
        self._handles[place.address] = handle
        os.write(self._waker, b".")
        return place

    @contextlib.contextmanager
    def being(self, **changes: float | bool) -> Iterator[None]:
        """While the block runs, the weather is that."""
        before = {key: getattr(self.weather, key) for key in changes}
        for key, value in changes.items():
            setattr(self.weather, key, value)
        try:
            yield
        finally:
            for key, value in before.items():
                setattr(self.weather, key, value)

    def write_pcap(self, path: Path) -> None:
        """Write what was sent as a capture file, for tcpdump or Wireshark."""
        with path.open("wb") as file:
            file.write(_PCAP)
            for packet in self.packets:
                seconds, rest = divmod(packet.at, 1)
                file.write(struct.pack("<IIII", int(seconds), int(rest * 1e6), len(packet.data), len(packet.data)) + packet.data)

    def _carry(self) -> None:
        while self._is_open:
            wait = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([self._wake, *self._handles.values()], [], [], wait)
            for handle in ready:
                if handle == self._wake:
                    os.read(handle, 4096)
                else:
                    self._take(os.read(handle, 65536))
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, handle, data = heapq.heappop(self._waiting)
                with contextlib.suppress(OSError):
                    os.write(handle, data)

    def _take(self, data: bytes) -> None:
        """A packet was sent: lose it or let it arrive later. What is no IPv4 is lost."""
        if data[0] >> 4 != 4:
            return
        weather, now = self.weather, time.monotonic()
        target = self._handles.get(socket.inet_ntoa(data[16:20]))
        is_lost = target is None or weather.is_cut or self._loses(target, weather.loss)
        if self.keeps_packets:
            self.packets.append(Packet(at=now, data=data, is_lost=is_lost))
        if target is not None and not is_lost:
            after = weather.delay_seconds + weather.jitter_seconds * self._random.random()
            heapq.heappush(self._waiting, (now + after, next(self._order), target, data))

    def _loses(self, target: int, share: float) -> bool:
        """Whether the next packet to a place is lost: of each ten in a direction exactly that share, in places left to chance, so
        that a trial is as bad as it says, and neither better nor worse by luck."""
        if not share:
            return False
        block = self._blocks.setdefault(target, [])
        if not block:
            block += [number < round(10 * share) for number in range(10)]
            self._random.shuffle(block)
        return block.pop()


def _sweep() -> None:
    """Take away what a trial left that was killed: places are named after the process that made them."""
    for place in Path("/run/netns").glob("ew-*-*-*"):
        maker = place.name.split("-")[1]
        if maker.isdecimal() and not Path(f"/proc/{maker}").exists():
            Place(place.name, address="").end()
            subprocess.run(["ip", "netns", "delete", place.name], capture_output=True, check=False)


def _tun(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
    return handle


# What was on the wire


Flow = tuple[str, int, str, int]
"""From address and port, to address and port."""


def tcp_streams(packets: Sequence[Packet]) -> dict[Flow, list[bytes]]:
    """What each side said on each TCP connection, put together again; a port used again begins a new stream."""
    streams: dict[Flow, list[bytes]] = {}
    for (flow, _), pieces in _pieces(packets).items():
        said = bytearray()
        for offset, data in sorted(pieces):
            if offset <= len(said) < offset + len(data):
                said += data[len(said) - offset :]
        streams.setdefault(flow, []).append(bytes(said))
    return streams


def _pieces(packets: Sequence[Packet]) -> dict[tuple[Flow, int], list[tuple[int, bytes]]]:
    """The payloads of each connection with their places in the stream; a connection is a flow and its first number."""
    first: dict[Flow, int] = {}
    pieces: dict[tuple[Flow, int], list[tuple[int, bytes]]] = {}
    for packet in packets:
        data = packet.data
        if data[9] != socket.IPPROTO_TCP:
            continue
        header = 4 * (data[0] & 15)
        source, target, number = struct.unpack_from("!HHI", data, header)
        flow = (socket.inet_ntoa(data[12:16]), source, socket.inet_ntoa(data[16:20]), target)
        if data[header + 13] & 2:
            first[flow] = number + 1
        payload = data[header + 4 * (data[header + 12] >> 4) :]
        if payload and flow in first:
            start = first[flow] & 0xFFFFFFFF
            pieces.setdefault((flow, start), []).append(((number - start) & 0xFFFFFFFF, payload))
    return pieces


def udp_payloads(packets: Sequence[Packet], *, port: int) -> list[bytes]:
    """What was sent from or to that UDP port."""
    found = []
    for packet in packets:
        data, header = packet.data, 4 * (packet.data[0] & 15)
        if data[9] == socket.IPPROTO_UDP and port in struct.unpack_from("!HH", data, header):
            found.append(data[header + 8 :])
    return found


def tls_records(said: bytes) -> list[tuple[int, bytes]]:
    """The type and body of each TLS record of a stream; the last may be cut short. Raises ValueError for what is no TLS."""
    records, place = [], 0
    while place + 5 <= len(said):
        kind, version, length = struct.unpack_from("!BHH", said, place)
        if kind not in {20, 21, 22, 23} or version not in {0x0301, 0x0303} or length > (1 << 14) + 256:
            raise ValueError(f"no TLS record at byte {place}: {said[place : place + 16]!r}")
        records.append((kind, said[place + 5 : place + 5 + length]))
        place += 5 + length
    return records
