"""Who may come in from elsewhere, and the tunnel that they take: what the terminal and the page both call.

Puts the table of phones, the server's key and the interface together. A phone's private key leaves in its profile and is
forgotten.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earwitness.config import RemoteSettings
from earwitness.domain.account import HERE, AccountEvent, Origin
from earwitness.domain.errors import RemoteError
from earwitness.domain.person import Person
from earwitness.people.account_log import AccountLog
from earwitness.people.remotes import RemotePhone, Remotes
from earwitness.remote import keys, profile
from earwitness.remote.network import Network, network_of
from earwitness.remote.tunnel import PeerStatus, Tunnel

KEY_FILE: Final = "wireguard.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """What a new phone is given, once."""

    phone: RemotePhone
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneStatus:
    """A phone, and what the running interface knows of it: None while the tunnel is down or not ours to look into."""

    phone: RemotePhone
    peer: PeerStatus | None


class Remote:
    """The way in from elsewhere. `keys_folder` holds the server's key, which is made when it is first needed; whoever makes or
    revokes a phone finds that in their account's `log`. Calls block."""

    def __init__(self, remotes: Remotes, *, keys_folder: Path, settings: RemoteSettings, log: AccountLog | None = None) -> None:
        self._remotes = remotes
        self._log = log
        self._keys_folder = keys_folder
        self._settings = settings
        self.tunnel = Tunnel(settings.interface)

    @property
    def is_set_up(self) -> bool:
        """Whether there is a key, and so addresses that the server answers on."""
        return (self._keys_folder / KEY_FILE).exists()

    @property
    def network(self) -> Network:
        """The tunnel's addresses. Raises RemoteError, StorageError."""
        return network_of(self._key().public, chosen=self._settings.network)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The tunnel's addresses of this server, which its certificate is for; none before there is a key, nor if it is unusable,
        which is said where the tunnel is asked for."""
        try:
            return self.network.server if self.is_set_up else ()
        except RemoteError:
            return ()

    @property
    def public_key(self) -> str:
        """The server's public key, as WireGuard writes it. Raises RemoteError, StorageError."""
        return keys.written(self._key().public)

    def phones(self) -> tuple[RemotePhone, ...]:
        """Every phone that has a profile."""
        return self._remotes.all()

    def named(self, name: str) -> RemotePhone:
        """The phone of that name. Raises RemoteError if there is none."""
        return self._remotes.named(name)

    def add(self, name: str, *, endpoint: str | None = None, by: Person | None = None, origin: Origin = HERE) -> Handout:
        """Make a phone's profile and let it in at once, if the tunnel is up. `endpoint` goes before the settings'.

        Raises RemoteError (remote.no_endpoint without any, remote.exists, remote.invalid, …), StorageError; then nothing was
        made.
        """
        text = endpoint or self._settings.endpoint
        if text is None:
            raise RemoteError(
                "A phone must know where the house is: give --endpoint, or set remote.endpoint to your router's name or address.",
                code="remote.no_endpoint",
            )
        where = profile.parse_endpoint(text, port=self._settings.port)
        key, network, private = self._key(), self.network, keys.new_private_key()
        public = keys.public_of(private)
        phone = self._remotes.add(name, public_key=keys.written(public), addresses=network.phones())
        handed = profile.phone_profile(
            private,
            profile.Peer(public_key=public, address=phone.address),
            key=key,
            network=network,
            endpoint=where,
            keepalive_seconds=self._settings.keepalive_seconds,
            dns=self._settings.dns,
        )
        try:
            self._tell_tunnel()
        except RemoteError:
            self._remotes.remove(phone.remote_id)
            raise
        self._note(by, AccountEvent.PHONE_ADDED, origin=origin, detail=phone.name)
        return Handout(phone=phone, profile=handed)

    def revoke(self, remote_id: str, *, by: Person | None = None, origin: Origin = HERE) -> None:
        """Never let a phone in again, and cut it off at once if the tunnel is up.

        Raises RemoteError: remote.unknown, or what kept the running tunnel from being told; then the phone is forgotten all the
        same, and `earwitness remote up` tells the tunnel.
        """
        phone = self._remotes.find(remote_id)
        self._remotes.remove(phone.remote_id)
        self._note(by, AccountEvent.PHONE_REVOKED, origin=origin, detail=phone.name)
        try:
            self._tell_tunnel()
        except RemoteError as error:
            sentence = f"The phone is revoked, but the running tunnel could not be told: run `sudo earwitness remote up`. {error}"
            raise RemoteError(sentence, code=error.code) from error

    def server_profile(self) -> str:
        """The server's configuration for `wg-quick`, with its private key. Raises RemoteError, StorageError."""
        return profile.server_profile(self._key(), self._peers(), port=self._settings.port, network=self.network)

    def up(self) -> None:
        """Bring the tunnel up, or bring one that is up to what is known now. Raises RemoteError, StorageError."""
        network = self.network
        four, six = network.server
        addresses = (f"{four}/{network.four.prefixlen}", f"{six}/{network.six.prefixlen}")
        self.tunnel.up(self._bare_profile(), addresses=addresses)

    def down(self) -> None:
        """Take the tunnel away: no phone comes in. Raises RemoteError."""
        self.tunnel.down()

    def status(self) -> tuple[PhoneStatus, ...]:
        """Every phone, with when it was last seen if the tunnel is up. Raises RemoteError."""
        seen = {peer.public_key: peer for peer in self.tunnel.peers()} if self.tunnel.is_up else {}
        return tuple(PhoneStatus(phone=phone, peer=seen.get(phone.public_key)) for phone in self._remotes.all())

    def _note(self, by: Person | None, what: AccountEvent, *, origin: Origin, detail: str) -> None:
        if by is not None and self._log is not None:
            self._log.note(by.person_id, what, origin=origin, detail=detail)

    def _tell_tunnel(self) -> None:
        if self.tunnel.is_up:
            self.tunnel.change(self._bare_profile())

    def _bare_profile(self) -> str:
        port, network = self._settings.port, self.network
        return profile.server_profile(self._key(), self._peers(), port=port, network=network, is_for_quick=False)

    def _peers(self) -> list[profile.Peer]:
        phones = self._remotes.all()
        return [profile.Peer(public_key=keys.read_key(one.public_key), address=one.address) for one in phones]

    def _key(self) -> keys.ServerKey:
        return keys.server_key(self._keys_folder / KEY_FILE)
