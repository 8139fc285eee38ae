"""The household's side of a review service of its own, put together: what may be asked, by whom, and who may work."""

import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from earwitness.build.reviewed import Review
from earwitness.domain.errors import AccessError, SettingsError, TrustError
from earwitness.people.sign_ins import SignIns
from earwitness.review import calls
from earwitness.review.conduct import Rule
from earwitness.review.counter import Counter, renewed
from earwitness.review.visits import Visit, Visits
from earwitness.server.listen import Address, bind
from earwitness.server.review_channel import ReviewChannel, bind_here, user_id_of
from earwitness.storage.durable import write_whole
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import key_digest, key_digest_of, read_public_key, spki_in
from earwitness.trust.tls import ServerContext, review_server_context, trust_also
from earwitness.web.desk_api import DeskEntrance

SERVICE_KEY: Final = "review-service.der"
"""The public key of the service that may come over a network, in the folder of the keys."""
DEVICE_ID: Final = "review service"
OTHER_REASON: Final = "the review service says so"
"""For a suspension there by no rule that is known here."""


class ServiceKey:
    """The one key with which a review service may come over a network. `folder` is the household's folder of keys."""

    def __init__(self, folder: Path, *, authority: Authority) -> None:
        self._path = folder / SERVICE_KEY
        self._authority = authority

    def admit(self, spki: bytes) -> calls.Renewed:
        """Let the holder of this public key come from now on, and nobody else; gives its certificate. Raises TrustError."""
        read_public_key(spki)
        write_whole(self._path, [spki], mode=0o600)
        return renewed(self._authority.device_certificate(spki, device_id=DEVICE_ID).pem)

    def renew(self, spki: bytes) -> calls.Renewed:
        """A new certificate of 90 days. Raises TrustError."""
        if not self.is_admitted(key_digest(spki)):
            raise TrustError("That key is not the review service's.", code="trust.refused")
        succession = self._authority.succession
        made = self._authority.device_certificate(spki, device_id=DEVICE_ID, knows_successor=succession is not None)
        if succession is None:
            return renewed(made.pem)
        return renewed(made.pem, successor=succession.certificate, voucher=succession.voucher)

    def is_admitted(self, digest: bytes) -> bool:
        """Whether a key is the service's, by the digest of it."""
        try:
            return key_digest(self._path.read_bytes()) == digest
        except OSError:
            return False

    def spki_of(self, certificate: bytes) -> bytes | None:
        """The public key of a certificate (DER) if it is the service's."""
        try:
            if not self.is_admitted(key_digest_of(certificate)):
                return None
            return spki_in(certificate)
        except TrustError:
            return None


def counter_of(
    review: Review,
    entrance: DeskEntrance,
    *,
    sign_ins: SignIns,
    visits: Visits,
    service_key: ServiceKey,
    key_file: Path,
    intents: Callable[[], Sequence[str]],
    reviewers: Callable[[], Collection[str]],
) -> Counter:
    """What the review service may ask of this house. Who is suspended there is noted at the household's own desk, and refused
    here; `reviewers` gives the aliases of those who may review, and of nobody else it is taken."""

    def admit(visit: Visit, address: str) -> None:
        if not sign_ins.stands(visit.sign_in_id):
            raise AccessError("You signed out; come again from your own page.", code="access.not_signed_in")
        entrance.check(visit.way, address)
        why = next((why for who, why, _ in review.desk.suspended() if who == visit.person.alias), None)
        if why is not None:
            raise AccessError(f"You are suspended: {why}. Talk to whoever oversees review.", code="review.suspended")

    def suspend(told: Mapping[str, str]) -> None:
        known = {who for who, _, _ in review.desk.suspended()}
        for who in (told.keys() - known) & set(reviewers()):  # what else a service says goes into no record
            review.desk.suspend(who, reason=next((one.value for one in Rule if one.value == told[who]), OTHER_REASON))
        for who in known - told.keys():
            review.desk.reviewers.restore(who, by="the review service", why="")

    return Counter(
        porter=review.porter,
        visits=visits,
        admit=admit,
        intents=intents,
        suspend=suspend,
        authority=service_key,
        key_file=str(key_file),
    )


def channel_of(
    place: str, counter: Counter, *, user: str | None, service_key: ServiceKey, authority: Authority, names: Sequence[str]
) -> tuple[ReviewChannel, socket.socket]:
    """The channel at a place, a path or HOST:PORT, and its listening socket. `names` are those of the server's one certificate.
    Raises SettingsError, NetworkError, TrustError."""
    answer = lambda frame, peer: counter.answer(frame, peer=peer)  # noqa: E731
    if place.startswith("/"):
        user_id = None if user is None else user_id_of(user)
        return ReviewChannel(answer, user_id=user_id), bind_here(Path(place))
    host, port = read_host_and_port(place)
    tls = ServerContext(
        lambda: authority.server_files(names),
        make=lambda certificate, key: review_server_context(certificate, key, household_pem=authority.trusted_pem),
    )

    def refresh() -> None:
        tls.refresh()
        trust_also(tls.context, authority.trusted_pem)

    certificate, key = authority.server_files(names)
    listener = bind(Address(host=host, port=port, tls_certificate=certificate, tls_key=key))
    return ReviewChannel(answer, tls=tls.context, spki_of=service_key.spki_of, refresh=refresh), listener


def read_host_and_port(place: str) -> tuple[str, int]:
    """HOST:PORT. Raises SettingsError."""
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"The channel of review is the path of a socket or HOST:PORT, and not {place}.")
    return host.strip("[]"), int(port)
