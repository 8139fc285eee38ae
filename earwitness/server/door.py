"""Who may knock: checks of the Host, Origin and fetch headers against DNS rebinding and cross-site requests. Pure.

A browser that was lured elsewhere can still send requests here; these checks make sure that only our own page is answered.
"""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PROXY_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def host_name(host_header: str | None) -> str | None:
    """The lower-case name in a Host header without port and brackets; None if it is not a well-formed host."""
    if not host_header or any(character in host_header for character in "/\\@?# ,"):
        return None
    try:
        parts = urlsplit(f"//{host_header}")
        _ = parts.port
    except ValueError:
        return None
    name = parts.hostname
    return name.rstrip(".") if name else None


def admits_host(host_header: str | None, *, names: Collection[str], is_public: bool) -> bool:
    """Whether a request was meant for us: a listed name, a loopback name, or, when `is_public`, any literal address.

    A literal address cannot be rebound: only names can be made to point here by somebody else's DNS.
    """
    name = host_name(host_header)
    if name is None:
        return False
    return name in LOOPBACK_NAMES or name in names or (is_public and _address(name) is not None)


def admits_origin(origin: str | None, *, host_header: str | None, is_secure: bool) -> bool:
    """Whether the page that sent a request is ours: no Origin (not a browser), or exactly our scheme, host and port."""
    if origin is None:
        return True
    scheme = "https" if is_secure else "http"
    return host_header is not None and origin.lower() == f"{scheme}://{host_header}".lower()


def admits_fetch(headers: Mapping[str, str], *, method: str) -> bool:
    """Whether Fetch Metadata (W3C) calls the request our own page's, or a plain visit to it."""
    site = headers.get("sec-fetch-site")
    if site in (None, "same-origin", "none"):
        return True
    return (
        method in {"GET", "HEAD"} and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )


def is_same_machine(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether the far end is on this machine: a loopback peer that names loopback, with no sign of a proxy in between."""
    if peer is None or not is_loopback(peer) or any(name in headers for name in PROXY_HEADERS):
        return False
    name = host_name(headers.get("host"))
    return name is not None and is_loopback(name)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
