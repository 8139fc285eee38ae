"""What WireGuard is told, as its own configuration files (wg(8), wg-quick(8)), and a phone's profile as a QR code. Pure."""

import io
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import segno

from earwitness.domain.errors import RemoteError
from earwitness.remote.keys import ServerKey, public_of, written
from earwitness.remote.network import Network

_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A phone as the server knows it."""

    public_key: bytes
    address: str
    """Its IPv4 address in the tunnel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where phones find the house from outside: a name or an address, and a UDP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str, *, port: int) -> Endpoint:
    """An endpoint from "home.example.org", "203.0.113.7:51820" or "[2001:db8::1]:51820"; `port` is for one that names none.

    Raises RemoteError (remote.invalid): a profile is built from lines, so that nothing else may be in one.
    """
    found = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[^\s:\[\]]+))(?::(?P<port>\d{1,5}))?", text)
    if found is not None:
        host, number = found["six"] or found["name"], int(found["port"] or port)
        if 1 <= number <= 65535 and (_is_six(host) if found["six"] else _is_name(host)):
            return Endpoint(host=host, port=number)
    raise RemoteError('An endpoint is a name or address and a UDP port, such as "home.example.org:51820".', code="remote.invalid")


def forwarding_rule(interface: str) -> tuple[str, ...]:
    """For `ip rule`: what comes from the interface and is for none of this machine's addresses, which go first, is refused."""
    return ("iif", interface, "priority", "100", "unreachable")


def server_profile(key: ServerKey, peers: Sequence[Peer], *, port: int, network: Network, is_for_quick: bool = True) -> str:
    """The server's configuration, with its private key: for `wg-quick`, else for `wg setconf`, which takes no addresses."""
    lines = ["[Interface]", f"PrivateKey = {written(key.private)}", f"ListenPort = {port}"]
    if is_for_quick:
        four, six = network.server
        lines += [f"Address = {four}/{network.four.prefixlen}, {six}/{network.six.prefixlen}"]
        rule = " ".join(forwarding_rule("%i"))
        lines += [f"PostUp = ip -4 rule add {rule}; ip -6 rule add {rule}"]
        lines += [f"PostDown = ip -4 rule delete {rule}; ip -6 rule delete {rule}"]
    for peer in peers:
        lines += [
            "",
            "[Peer]",
            f"PublicKey = {written(peer.public_key)}",
            f"PresharedKey = {written(key.preshared(peer.public_key))}",
        ]
        lines += [f"AllowedIPs = {_alone(network.of(peer.address))}"]
    return "\n".join(lines) + "\n"


def phone_profile(
    private_key: bytes,
    peer: Peer,
    *,
    key: ServerKey,
    network: Network,
    endpoint: Endpoint,
    keepalive_seconds: int = 25,
    dns: str | None = None,
) -> str:
    """A phone's profile, with its private key. Only what goes to the house's server takes the tunnel."""
    lines = ["[Interface]", f"PrivateKey = {written(private_key)}", f"Address = {_alone(network.of(peer.address))}"]
    lines += [f"DNS = {dns}"] if dns else []
    lines += ["", "[Peer]", f"PublicKey = {written(key.public)}"]
    lines += [f"PresharedKey = {written(key.preshared(public_of(private_key)))}"]
    lines += [f"AllowedIPs = {_alone(network.server)}", f"Endpoint = {endpoint}"]
    lines += [f"PersistentKeepalive = {keepalive_seconds}"] if keepalive_seconds else []
    return "\n".join(lines) + "\n"


def qr_svg(profile: str) -> str:
    """The profile as a QR code to photograph, in SVG."""
    drawn = io.BytesIO()
    segno.make_qr(profile, error="m").save(drawn, kind="svg", scale=4, xmldecl=False, svgns=True, title="Profile for WireGuard")
    return drawn.getvalue().decode()


def qr_terminal(profile: str) -> str:
    """The profile as a QR code for a terminal of at least 80 columns."""
    drawn = io.StringIO()
    segno.make_qr(profile, error="l").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()


def _alone(addresses: tuple[str, str]) -> str:
    return f"{addresses[0]}/32, {addresses[1]}/128"


def _is_name(host: str) -> bool:
    return len(host) <= 253 and all(_LABEL.fullmatch(part) for part in host.removesuffix(".").split("."))


def _is_six(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
