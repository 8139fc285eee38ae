"""The household's certificate authority and the server's own certificate: made at first use, renewed in time, kept in files.

Owns `authority.key` (the authority's key and certificate, 0600), `authority.pem` (what devices and browsers may have),
`authority.next.key` (its successor, while there are both), `server.key` and `server.pem` in one folder. Processes that begin at
the same time get the same authority. It signs and keeps no list of what it signed: which devices may come is the registry's.

An authority is followed by another one before it ends, or when its owner asks. From then on devices are told of the successor as
they renew, and get their certificates of it; the server's stays of the old one, which all of them trust. When every device has
renewed, or the old one is about to end, the successor takes its place and the old key is gone.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from earwitness.domain.errors import StorageError, TrustError
from earwitness.storage.durable import sync_folder, write_whole
from earwitness.trust.certificates import (
    CERTIFICATE_LASTS,
    CLOCK_SKEW,
    all_names,
    check_issued,
    digits,
    fingerprint,
    is_due,
    key_digest,
    make_authority,
    make_device_certificate,
    make_server_certificate,
    names_of,
    pem_of,
    read_certificate,
    read_public_key,
    vouch,
)
from earwitness.trust.key_file import link_new, read_key, unusable, written_key

AUTHORITY_KEY: Final = "authority.key"
NEXT_KEY: Final = "authority.next.key"
AUTHORITY_CERTIFICATE: Final = "authority.pem"
SERVER_KEY: Final = "server.key"
SERVER_CERTIFICATE: Final = "server.pem"
SUCCEEDED_BEFORE: Final = timedelta(days=730)
"""How long before its end an authority gets a successor: more than anybody's satellite stays in a drawer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCertificate:
    """What a device gets, and what the registry notes of it."""

    pem: str
    key_digest: bytes
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """An authority that will take over, PEM; `voucher` is the present one's word for it."""

    certificate: str
    digits: str
    voucher: bytes
    made_at: datetime


class Authority:
    """The authority in a folder (the state folder's `keys`). `clock` gives aware datetimes. May be used from any thread."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime]) -> None:
        """Read the authority, or make it at first use. Raises TrustError (trust.key) if its files cannot be made or used."""
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        try:
            if not (folder / AUTHORITY_KEY).exists():
                self._make(AUTHORITY_KEY)
            self._key, self._certificate = _read_both(folder / AUTHORITY_KEY)
            self._next = self._read_next()
            if self._next is not None and self._is_over():
                self._take_over()
            _write_if_other(folder / AUTHORITY_CERTIFICATE, pem_of(self._certificate).encode(), mode=0o644)
        except (OSError, StorageError) as error:
            raise unusable(folder / AUTHORITY_KEY) from error
        if self._is_over():
            raise TrustError(
                f"The household's authority has ended: move {folder / AUTHORITY_KEY} away, start, and pair the devices again.",
                code="trust.certificate",
            )

    @property
    def certificate_pem(self) -> str:
        """The authority's certificate: what devices pin, and what a browser may be told to trust."""
        return pem_of(self._certificate)

    @property
    def certificate_path(self) -> Path:
        """The file of the authority's certificate."""
        return self._folder / AUTHORITY_CERTIFICATE

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, to be compared by eye."""
        return fingerprint(self._certificate)

    @property
    def digits(self) -> str:
        """The same for comparing aloud: six groups of five digits."""
        return digits(self._certificate)

    @property
    def ends_at(self) -> datetime:
        """When the authority ends."""
        return self._certificate.not_valid_after_utc

    @property
    def trusted_pem(self) -> str:
        """Those whose device certificates count: the authority's, and its successor's while there is one."""
        return self.certificate_pem + ("" if self._next is None else pem_of(self._next[1]))

    @property
    def succession(self) -> Succession | None:
        """The successor, while there is one."""
        if self._next is None:
            return None
        certificate = self._next[1]
        return Succession(
            certificate=pem_of(certificate),
            digits=digits(certificate),
            voucher=vouch(certificate, authority_key=self._key),
            made_at=certificate.not_valid_before_utc + CLOCK_SKEW,
        )

    def begin_succession(self) -> None:
        """Make a successor now, if there is none. Raises TrustError."""
        with self._lock:
            try:
                if self._next is None:
                    self._make(NEXT_KEY)
                    self._next = self._read_next()
            except (OSError, StorageError) as error:
                raise unusable(self._folder / NEXT_KEY) from error

    def tend(self, *, have_renewed: Callable[[datetime], bool]) -> bool:
        """Go on with a succession, also one that another process began; whether anything changed. Call it once an hour or so.

        `have_renewed` says whether every device has had a new certificate since a moment. Raises TrustError.
        """
        before = self.trusted_pem
        try:
            with self._lock:
                self._key, self._certificate = _read_both(self._folder / AUTHORITY_KEY)
                self._next = self._read_next()
            if self._clock() >= self.ends_at - SUCCEEDED_BEFORE:
                self.begin_succession()
            succession = self.succession
            if succession is not None and (self._clock() >= self.ends_at - CERTIFICATE_LASTS or have_renewed(succession.made_at)):
                with self._lock:
                    self._take_over()
        except (OSError, StorageError) as error:
            raise unusable(self._folder / AUTHORITY_KEY) from error
        return self.trusted_pem != before

    def server_files(self, names: Sequence[str]) -> tuple[Path, Path]:
        """The files of a certificate for a server at these host names and addresses, and of its key; for `load_cert_chain`.

        Made anew from 30 days before its end, when the names change, and when it cannot be read; the key stays. Call it again
        from time to time and reload (`tls.ServerContext.refresh`). Raises TrustError, also for a name that is none.
        """
        certificate, key = self._folder / SERVER_CERTIFICATE, self._folder / SERVER_KEY
        with self._lock:
            try:
                if not key.exists():
                    link_new(key, written_key(ec.generate_private_key(ec.SECP256R1())))
                public_key = read_key(key).public_key()
                if not self._still_serves(certificate, public_key, names=all_names(names)):
                    made = make_server_certificate(
                        names, public_key, authority=self._certificate, authority_key=self._key, now=self._clock()
                    )
                    write_whole(certificate, [pem_of(made).encode(), self.certificate_pem.encode()], mode=0o644)
            except (OSError, StorageError) as error:
                raise unusable(key) from error
        return certificate, key

    def device_certificate(self, spki: bytes, *, device_id: str, knows_successor: bool = False) -> DeviceCertificate:
        """A certificate of 90 days for a device's public key (SubjectPublicKeyInfo, DER); of the successor if the device knows it
        or is told in the same breath. Raises TrustError (trust.key).
        """
        with self._lock:
            key, authority = self._next if self._next is not None and knows_successor else (self._key, self._certificate)
        made = make_device_certificate(
            device_id, read_public_key(spki), authority=authority, authority_key=key, now=self._clock()
        )
        return DeviceCertificate(pem=pem_of(made), key_digest=key_digest(spki), ends_at=made.not_valid_after_utc)

    def _still_serves(self, path: Path, public_key: ec.EllipticCurvePublicKey, *, names: tuple[str, ...]) -> bool:
        try:
            data = path.read_bytes()
            found = read_certificate(data[: data.index(b"-----END CERTIFICATE-----") + 25])
            check_issued(found, authority=self._certificate)
        except (OSError, ValueError, TrustError):
            return False
        return names_of(found) == names and found.public_key() == public_key and not is_due(found, now=self._clock())

    def _is_over(self) -> bool:
        return self._clock() >= self._certificate.not_valid_after_utc

    def _make(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = make_authority(key, now=self._clock())
        link_new(self._folder / name, written_key(key) + pem_of(certificate).encode())

    def _read_next(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
        try:
            return _read_both(self._folder / NEXT_KEY)
        except FileNotFoundError:
            return None

    def _take_over(self) -> None:
        """The successor takes the place of the authority, whose key is gone then; in one step on the disk."""
        if self._next is None:
            return
        (self._folder / NEXT_KEY).replace(self._folder / AUTHORITY_KEY)
        sync_folder(self._folder)
        (self._key, self._certificate), self._next = self._next, None
        _write_if_other(self._folder / AUTHORITY_CERTIFICATE, pem_of(self._certificate).encode(), mode=0o644)


def _write_if_other(path: Path, data: bytes, *, mode: int) -> None:
    if not path.exists() or path.read_bytes() != data:
        write_whole(path, [data], mode=mode)


def _read_both(path: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = read_key(path)
    data = path.read_bytes()
    certificate = read_certificate(data[data.find(b"-----BEGIN CERTIFICATE-----") :])
    if certificate.public_key() != key.public_key():
        raise unusable(path)
    return key, certificate
