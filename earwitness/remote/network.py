"""The tunnel's own addresses. Pure.

They follow from the server's public key, so that two households hardly ever have the same and none needs to be stored. Nothing is
routed from the tunnel into the house's network: a phone reaches the server's two addresses and no others.
"""

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.domain.errors import RemoteError

_LABEL = b"earwitness tunnel network v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A /24 of private addresses (RFC 1918) and a /64 of unique local ones (RFC 4193), with the same host number in both."""

    four: ipaddress.IPv4Network
    six: ipaddress.IPv6Network

    @property
    def server(self) -> tuple[str, str]:
        """The server's address in each."""
        return str(self.four[1]), str(self.six[1])

    def of(self, address: str) -> tuple[str, str]:
        """Both addresses of the phone whose first one is `address`. Raises RemoteError if that is not one of this network."""
        try:
            host = int(ipaddress.IPv4Address(address)) - int(self.four.network_address)
        except ipaddress.AddressValueError:
            host = -1
        if not 2 <= host <= 254:
            raise RemoteError(
                "A phone has an address of another network: remote.network was changed. Change it back, or revoke that phone.",
                code="remote.invalid",
            )
        return address, str(self.six[host])

    def phones(self) -> Iterator[str]:
        """The first addresses that phones may have: 253."""
        return (str(self.four[host]) for host in range(2, 255))


def network_of(public_key: bytes, *, chosen: str | None = None) -> Network:
    """The addresses for a server's public key; `chosen` is a private IPv4 network of 24 bits to use instead of the drawn one.

    Raises RemoteError (remote.invalid) for one that is not.
    """
    digest = hashlib.sha256(_LABEL + public_key).digest()
    six = ipaddress.IPv6Network((b"\xfd" + digest[:5] + bytes(10), 64))  # RFC 4193, 3.2: 40 bits, here of a hash
    if chosen is None:
        return Network(four=ipaddress.IPv4Network((bytes((10, digest[5], digest[6], 0)), 24)), six=six)
    try:
        four = ipaddress.IPv4Network(chosen)
    except ValueError:
        four = None
    if four is None or four.prefixlen != 24 or not four.is_private or four.is_loopback or four.is_link_local:
        raise RemoteError('remote.network is a private network of 24 bits, such as "10.77.5.0/24".', code="remote.invalid")
    return Network(four=four, six=six)
