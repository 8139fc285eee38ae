"""Where unencrypted sound may travel: on loopback, and on the one interface that the owner calls trusted.

Owns the check of an address before anything is listened on or connected to, and the warning that stays visible. It opens no
connection of its own.
"""

import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earwitness.domain.errors import NetworkError

DEFAULT_WYOMING_PORT: Final = 10700
DEFAULT_ESPHOME_PORT: Final = 6053
_SIOCGIFADDR: Final = 0x8915
"""Linux: the IPv4 address of an interface (netdevice(7))."""
_INET6_TABLE: Final = Path("/proc/net/if_inet6")
FIRST_BACK_OFF_SECONDS: Final = 1.0
LONGEST_BACK_OFF_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Host and port of a foreign satellite."""

    host: str
    port: int


def read_place(text: str, *, default_port: int) -> Place:
    """Read host, host:port or [address]:port. Raises NetworkError."""
    host, _, port = text.rpartition(":") if _has_port(text) else (text, "", str(default_port))
    host = host.removeprefix("[").removesuffix("]")
    if not host or not host.isprintable() or " " in host or not port.isdecimal() or not 0 < int(port[:6]) <= 65535:
        raise NetworkError("The place of a foreign satellite is a host, or host:port.", code="network.invalid")
    return Place(host=host, port=int(port))


@dataclass(frozen=True, slots=True)
class Trust:
    """Which of this machine's addresses may carry what is not encrypted. `interface` is a name, an address, or None."""

    interface: str | None = None

    def addresses(self) -> frozenset[str]:
        """The trusted interface's own addresses now. Raises NetworkError if there is no such interface."""
        if self.interface is None:
            return frozenset()
        if (address := _address(self.interface)) is not None:
            return frozenset({str(address)})
        found = _interface_addresses(self.interface)
        if not found:
            raise NetworkError(
                f"foreign.trusted_interface: this machine has no interface {self.interface} with an address.",
                code="network.no_interface",
            )
        return found

    def check_listening(self, host: str) -> None:
        """Raise NetworkError unless `host` is loopback or an address of the trusted interface."""
        address = _address("127.0.0.1" if host == "localhost" else host)
        if address is None or not (address.is_loopback or str(address) in self.addresses()):
            raise NetworkError(
                f"Wyoming is not encrypted and cannot be offered on {host}: listen on 127.0.0.1, or name the interface in "
                "foreign.trusted_interface and listen on its address."
            )

    def check_peer(self, host: str) -> str:
        """The address of ours from which `host` (an address) is reached. Raises NetworkError unless that may be unencrypted."""
        ours = own_address_towards(host)
        if not (ipaddress.ip_address(ours).is_loopback or ours in self.addresses()):
            raise NetworkError(
                f"{host} is reached over {ours}, where sound would travel unencrypted: it must be on this machine, or on "
                "foreign.trusted_interface."
            )
        return ours


def own_address_towards(host: str) -> str:
    """Our address on the way to `host` (an address); sends nothing. Raises NetworkError if there is no way."""
    address = _address(host)
    if address is None:
        raise NetworkError(f"{host} is not an address.", code="network.invalid")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))  # of a datagram socket this only chooses the way
        except OSError as error:
            raise NetworkError(f"There is no way to {host}.", code="network.unreachable") from error
        return str(probe.getsockname()[0]).partition("%")[0]


def warnings(*, has_services: bool, services_host: str, interface: str | None) -> tuple[str, ...]:
    """What must stay visible as long as it is so, in whole sentences: at the start, in the doctor, on the devices page."""
    found = []
    address = _address(services_host)
    if has_services and not (services_host == "localhost" or (address is not None and address.is_loopback)):
        found.append(f"Wyoming is offered unencrypted on {services_host}: anybody on that network can listen and use it.")
    if interface is not None:
        found.append(f"Sound of foreign satellites may travel unencrypted on {interface}: anybody on that network can listen.")
    return tuple(found)


def back_off_seconds(failures: int, *, chance: float) -> float:
    """How long to wait after the nth failure in a row: doubling from 1 s to 60 s, times 0.5 to 1 by `chance` (0 to 1)."""
    longest = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2.0 ** min(max(failures - 1, 0), 10))
    return longest * (0.5 + 0.5 * chance)


def _has_port(text: str) -> bool:
    return (text.startswith("[") and "]:" in text) or (not text.startswith("[") and text.count(":") == 1)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _interface_addresses(name: str) -> frozenset[str]:
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            found.add(socket.inet_ntoa(answer[20:24]))
        except OSError:
            pass  # no such interface, or none with an IPv4 address
    try:
        lines = _INET6_TABLE.read_text(encoding="ascii").split("\n")
    except OSError:
        lines = []
    for line in lines:
        parts = line.split()
        if len(parts) == 6 and parts[5] == name:
            found.add(str(ipaddress.IPv6Address(bytes.fromhex(parts[0]))))
    return frozenset(found)
