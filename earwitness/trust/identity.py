"""Who a device is: its private key, its certificate and the household that it trusts, kept on the device.

Owns `device.key` (0600), `device.pem` and `household.pem` in one folder. The key is made here and never leaves.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from earwitness.domain.errors import StorageError, TrustError
from earwitness.storage.durable import sync_folder, write_whole
from earwitness.trust.certificates import (
    MOST_AUTHORITIES,
    check_issued,
    check_voucher,
    digits,
    is_due,
    issuer_among,
    pem_of,
    read_certificate,
    read_certificates,
    spki_of,
)
from earwitness.trust.key_file import link_new, read_key, written_key

DEVICE_KEY: Final = "device.key"
DEVICE_CERTIFICATE: Final = "device.pem"
HOUSEHOLD: Final = "household.pem"


class Identity:
    """A device's identity in a folder."""

    def __init__(self, folder: Path) -> None:
        """Read or make the device's key. Raises TrustError (trust.key)."""
        self._folder = folder
        try:
            if not self.key_path.exists():
                link_new(self.key_path, written_key(ec.generate_private_key(ec.SECP256R1())))
            self._public_key = read_key(self.key_path).public_key()
        except (OSError, StorageError) as error:
            raise TrustError(
                f"{self.key_path} cannot be made or used: check the folder and its owner.", code="trust.key"
            ) from error

    @property
    def key_path(self) -> Path:
        """The file of the private key."""
        return self._folder / DEVICE_KEY

    @property
    def certificate_path(self) -> Path:
        """The file of the certificate; there once paired."""
        return self._folder / DEVICE_CERTIFICATE

    @property
    def household_path(self) -> Path:
        """The file of the household's authority; there once paired."""
        return self._folder / HOUSEHOLD

    @property
    def public_key(self) -> bytes:
        """The public key as SubjectPublicKeyInfo, DER."""
        return spki_of(self._public_key)

    @property
    def is_paired(self) -> bool:
        """Whether there is a certificate of a household for this key."""
        try:
            certificate = read_certificate(self.certificate_path.read_bytes())
            issuer_among(certificate, self._household())
        except (OSError, TrustError):
            return False
        return certificate.public_key() == self._public_key

    @property
    def certificate_ends_at(self) -> datetime:
        """When the certificate ends. Raises TrustError if there is none."""
        return self._certificate().not_valid_after_utc

    def is_renewal_due(self, *, now: datetime) -> bool:
        """Whether to ask for a new certificate. Raises TrustError if there is none."""
        return is_due(self._certificate(), now=now)

    def join(self, certificate: str, *, household: str) -> None:
        """Keep what pairing gave (PEM). Raises TrustError if the certificate is not for this key or not of that household."""
        authority = read_certificate(household)
        self._check(certificate, household)
        self._write(self.household_path, pem_of(authority))
        self._write(self.certificate_path, pem_of(read_certificate(certificate)))

    def renew(self, certificate: str, *, successor: str | None = None, voucher: bytes = b"") -> None:
        """Keep a new certificate of the same household (PEM).

        `successor` is the authority that comes after the present one, with the present one's voucher: from now on both are
        trusted. Without one, only the authority that made the certificate is. Raises TrustError; then all stays as it was.
        """
        before = household = self._household()
        if successor is not None and (made := read_certificate(successor)) not in household:
            check_voucher(voucher, successor=made, authority=household[-1])
            household = (*household, made)[-MOST_AUTHORITIES:]
        found = read_certificate(certificate)
        issuer = issuer_among(found, household)
        if found.public_key() != self._public_key:
            raise _not_ours()
        kept = (issuer,) if successor is None else household
        if kept != before:
            self._write(self.household_path, "".join(map(pem_of, kept)))
        self._write(self.certificate_path, pem_of(found))

    @property
    def household_digits(self) -> str:
        """The household's authority for comparing aloud; of several, the newest. Empty if there is none."""
        try:
            return digits(self._household()[-1])
        except TrustError:
            return ""

    def leave(self) -> None:
        """Forget the household and the key; the next Identity in the folder is a new one. Raises StorageError."""
        try:
            for path in (self.certificate_path, self.household_path, self.key_path):
                path.unlink(missing_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise StorageError(f"The files in {self._folder} cannot be removed: check their owner.") from error

    def _check(self, certificate: str, household: str) -> None:
        found = read_certificate(certificate)
        check_issued(found, authority=read_certificate(household))
        if found.public_key() != self._public_key:
            raise _not_ours()

    def _household(self) -> tuple[x509.Certificate, ...]:
        """The authorities that are trusted, the newest last. Raises TrustError."""
        try:
            return read_certificates(self.household_path.read_bytes())
        except OSError as error:
            raise _not_paired() from error

    def _certificate(self) -> x509.Certificate:
        try:
            return read_certificate(self.certificate_path.read_bytes())
        except OSError as error:
            raise _not_paired() from error

    def _write(self, path: Path, pem: str) -> None:
        try:
            write_whole(path, [pem.encode("ascii")], mode=0o644)
        except StorageError as error:
            raise TrustError(f"{path} cannot be kept. {error.sentence}", code="trust.key") from error


def _not_ours() -> TrustError:
    return TrustError("The certificate is for another device.", code="trust.certificate")


def _not_paired() -> TrustError:
    return TrustError("This device is not paired: run the satellite's pairing first.", code="trust.certificate")
