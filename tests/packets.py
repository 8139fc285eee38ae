"""Who sends how much over loopback, and when: a raw socket (AF_PACKET, packet(7)) for tests that run as root on Linux."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

_ALL_PROTOCOLS = 0x0003
_TCP = 6


@dataclass
class Packets:
    """Payload bytes of TCP packets to one port: (monotonic seconds, bytes)."""

    port: int
    to_port: list[tuple[float, int]] = field(default_factory=list)

    def take(self, frame: bytes) -> None:
        """Read one Ethernet frame of IPv4 and TCP (RFC 791, RFC 9293)."""
        if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != _TCP:
            return
        header = 14 + 4 * (frame[14] & 15)
        (length,) = struct.unpack_from("!H", frame, 16)
        (target,) = struct.unpack_from("!H", frame, header + 2)
        payload = 14 + length - header - 4 * (frame[header + 12] >> 4)
        if target == self.port and payload > 0:
            self.to_port.append((time.monotonic(), payload))


@contextmanager
def capturing(port: int) -> Iterator[Packets]:
    """Capture loopback's packets to a port until the block ends; the test is skipped where it may not."""
    if os.geteuid() != 0 or not hasattr(socket, "AF_PACKET"):
        pytest.skip("capturing packets needs Linux and root")
    found = Packets(port)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)) as raw:
        raw.bind(("lo", 0))
        raw.settimeout(0.1)
        is_over = threading.Event()

        def read() -> None:
            while not is_over.is_set():
                try:
                    frame, address = raw.recvfrom(65_536)
                except TimeoutError:
                    continue
                if address[2] != socket.PACKET_OUTGOING:  # on loopback each is seen twice
                    found.take(frame)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield found
        finally:
            is_over.set()
            reader.join(2)
