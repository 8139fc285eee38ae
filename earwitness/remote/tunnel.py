"""The tunnel's network interface on this machine, through the programs `ip`, `wg` and, without a kernel module, `wireguard-go`.

Owns the interface from up to down. Keys go to `wg` through a pipe: none is an argument or written to a file. It needs the rights
of the superuser (CAP_NET_ADMIN) and says so.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from earwitness.domain.errors import RemoteError
from earwitness.remote.profile import forwarding_rule

MTU: Final = 1420
"""What `wg-quick` uses on a path of 1500 bytes."""
_LONGEST_SECONDS: Final = 10.0
_FAMILIES: Final = ("-4", "-6")
_PACKAGES: Final = {"ip": "iproute2", "wg": "wireguard-tools", "wireguard-go": "wireguard-go"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStatus:
    """What the interface knows of a phone. `shook_hands_at` is None if it never came."""

    public_key: str
    shook_hands_at: datetime | None
    received_bytes: int
    sent_bytes: int


class Tunnel:
    """The interface of that name. Calls block, each for ten seconds at most."""

    def __init__(self, interface: str) -> None:
        self.interface = interface

    @property
    def is_up(self) -> bool:
        """Whether there is such an interface now."""
        return self.interface in (name for _, name in socket.if_nameindex())

    def up(self, profile: str, *, addresses: Sequence[str]) -> None:
        """Make the interface with a profile for `wg setconf` and addresses with their lengths; one that is up is only changed.

        Raises RemoteError: remote.no_tool, remote.not_allowed, remote.failed. What failed leaves no interface behind.
        """
        had = self.is_up
        try:
            if not had:
                self._make()
            self.change(profile)
            for address in addresses:
                self._run("ip", "address", "replace", address, "dev", self.interface)
            self._forward_nothing()
            self._run("ip", "link", "set", "mtu", str(MTU), "up", "dev", self.interface)
        except RemoteError:
            if not had:
                self.down()
            raise

    def change(self, profile: str) -> None:
        """Give the running interface a profile for `wg setconf`: who is in it stays connected, who is not is out.

        Raises RemoteError.
        """
        self._run("wg", "syncconf", self.interface, "/dev/stdin", given=profile)

    def down(self) -> None:
        """Take the interface away; none is fine. Raises RemoteError."""
        if self.is_up:
            self._run("ip", "link", "delete", "dev", self.interface)
        for family in _FAMILIES:
            _attempt("ip", family, "rule", "delete", *self._rule)

    @property
    def _rule(self) -> Sequence[str]:
        return forwarding_rule(self.interface)

    def _forward_nothing(self) -> None:
        """Also on a machine that forwards for others, what comes out of the tunnel ends at this machine's own addresses."""
        for family in _FAMILIES:
            _attempt("ip", family, "rule", "delete", *self._rule)
            self._run("ip", family, "rule", "add", *self._rule)

    def peers(self) -> tuple[PeerStatus, ...]:
        """The phones that the running interface lets in. Raises RemoteError."""
        shaken = dict(line.split("\t") for line in self._run("wg", "show", self.interface, "latest-handshakes").splitlines())
        found = []
        for line in self._run("wg", "show", self.interface, "transfer").splitlines():
            key, received, sent = line.split("\t")
            at = int(shaken.get(key, "0"))
            when = datetime.fromtimestamp(at, UTC) if at else None
            found.append(PeerStatus(public_key=key, shook_hands_at=when, received_bytes=int(received), sent_bytes=int(sent)))
        return tuple(found)

    def _make(self) -> None:
        made = _attempt("ip", "link", "add", "dev", self.interface, "type", "wireguard")
        if made.returncode == 0:
            return
        if os.geteuid() != 0:
            raise _not_allowed()
        if shutil.which("wireguard-go") is None:
            raise RemoteError(
                "This kernel has no WireGuard: install the package wireguard-go, which does the same as a program.",
                code="remote.no_tool",
            )
        self._run("wireguard-go", self.interface)

    def _run(self, program: str, *arguments: str, given: str | None = None) -> str:
        done = _attempt(program, *arguments, given=given)
        if done.returncode != 0:
            if os.geteuid() != 0 or "not permitted" in done.stderr:
                raise _not_allowed()
            sentence = (
                f"`{program} {' '.join(arguments[:2])}` failed: see `ip link` and `wg show`, and whether /dev/net/tun is there."
            )
            raise RemoteError(sentence, code="remote.failed")
        return done.stdout


def _attempt(program: str, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    place = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if place is None:
        raise RemoteError(f"`{program}` is not here: install the package {_PACKAGES[program]}.", code="remote.no_tool")
    try:
        return subprocess.run(  # noqa: S603  (names are checked by the settings)
            [place, *arguments],
            input=given or "",
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RemoteError(f"`{program}` did not end in time; try again.", code="remote.failed") from error


def _not_allowed() -> RemoteError:
    return RemoteError("The network's interfaces are the superuser's: run this with sudo.", code="remote.not_allowed")
