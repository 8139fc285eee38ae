"""Certificates of the household as values: making, reading and naming them (X.509, RFC 5280; ECDSA on P-256).

Owns what is inside a certificate; files are in authority.py and identity.py, connections in tls.py. Pure but for randomness.
"""

import contextlib
import hashlib
import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from earwitness.domain.errors import TrustError

SERVER_NAME: Final = "server.earwitness.internal"
"""The name in every server certificate of a household: devices ask for it, wherever it is (.internal is for private use)."""
AUTHORITY_LASTS: Final = timedelta(days=3650)
CERTIFICATE_LASTS: Final = timedelta(days=90)
RENEWED_BEFORE: Final = timedelta(days=30)
CLOCK_SKEW: Final = timedelta(days=1)
"""How much earlier than now a certificate begins: for clocks that are behind."""
MAX_PEM_BYTES: Final = 8 * 1024
MOST_AUTHORITIES: Final = 3
"""Authorities that a household may have at once: the one in force, its successor and the one before."""
_END: Final = "-----END CERTIFICATE-----"
_VOUCHER: Final = b"earwitness authority successor v1"
_USAGES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def make_authority(key: ec.EllipticCurvePrivateKey, *, now: datetime) -> x509.Certificate:
    """The household's own authority: it may sign certificates of servers and devices, and no other authority."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Earwitness household {_short_id(key.public_key())}")])
    return (
        _begun(name, name, key.public_key(), now=now, lasts=AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_server_certificate(
    names: Sequence[str],
    public_key: ec.EllipticCurvePublicKey,
    *,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """A certificate for a server at these host names and addresses, and at SERVER_NAME. Raises TrustError for a bad name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Earwitness server")])
    return (
        _leaf(subject, public_key, authority=authority, now=now)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in all_names(names)]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def make_device_certificate(
    device_id: str,
    public_key: ec.EllipticCurvePublicKey,
    *,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """A certificate with which a device can show who it is to the server, and can be no server."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device_id)])
    return (
        _leaf(subject, public_key, authority=authority, now=now)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def all_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names that a server certificate has, given those that were asked for: sorted, each once, SERVER_NAME among them."""
    return tuple(sorted({SERVER_NAME, *(name.strip("[]").rstrip(".").lower() for name in names)}))


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names and addresses in a certificate, sorted."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted([*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]))


def is_due(certificate: x509.Certificate, *, now: datetime) -> bool:
    """Whether a certificate is to be renewed: near its end, over, or from a future that the clock does not know."""
    return now >= certificate.not_valid_after_utc - RENEWED_BEFORE or now < certificate.not_valid_before_utc


def read_certificate(pem: str | bytes) -> x509.Certificate:
    """One PEM certificate on a P-256 key. Raises TrustError (trust.certificate)."""
    data = pem.encode("utf-8", "replace") if isinstance(pem, str) else pem
    try:
        if len(data) > MAX_PEM_BYTES:
            raise ValueError("too long")
        (found,) = x509.load_pem_x509_certificates(data)
        _p256(found.public_key())
    except Exception as error:  # the library has no one error for what is no certificate
        raise _bad_certificate() from error
    return found


def read_public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from its SubjectPublicKeyInfo (DER, RFC 5480). Raises TrustError (trust.key)."""
    try:
        key = _p256(load_der_public_key(spki)) if len(spki) <= 256 else None
    except Exception as error:  # the library has no one error for what is no key
        raise _bad_key() from error
    if key is None or spki_of(key) != spki:
        raise _bad_key()
    return key


def spki_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """The SubjectPublicKeyInfo of a key, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_digest_of(certificate_der: bytes) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo of a DER certificate: what a device is known by. Raises TrustError."""
    return key_digest(spki_in(certificate_der))


def spki_in(certificate_der: bytes) -> bytes:
    """The public key (DER SubjectPublicKeyInfo) of a certificate (DER). Raises TrustError."""
    try:
        return spki_of(_p256(x509.load_der_x509_certificate(certificate_der).public_key()))
    except Exception as error:  # as above
        raise _bad_certificate() from error


def key_digest(spki: bytes) -> bytes:
    """SHA-256 of a SubjectPublicKeyInfo."""
    return hashlib.sha256(spki).digest()


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate in groups of four hexadecimal digits, to be compared by eye."""
    digits = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def digits(certificate: x509.Certificate) -> str:
    """The fingerprint for comparing aloud: six groups of five digits, each from five bytes of it, as in Signal (99 bits)."""
    found = certificate.fingerprint(hashes.SHA256())
    return " ".join(f"{int.from_bytes(found[at : at + 5]) % 100_000:05}" for at in range(0, 30, 5))


def read_certificates(pem: str | bytes) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM text, at least one, each as `read_certificate`. Raises TrustError (trust.certificate)."""
    text = pem.decode("utf-8", "replace") if isinstance(pem, bytes) else pem
    if len(text) > MOST_AUTHORITIES * MAX_PEM_BYTES:
        raise _bad_certificate()
    *parts, rest = text.split(_END)
    if not parts or len(parts) > MOST_AUTHORITIES or rest.strip():
        raise _bad_certificate()
    return tuple(read_certificate(part + _END) for part in parts)


def vouch(successor: x509.Certificate, *, authority_key: ec.EllipticCurvePrivateKey) -> bytes:
    """An authority's word that another one comes after it: its signature, which is no certificate and good for nothing else."""
    return authority_key.sign(_VOUCHER + successor.public_bytes(Encoding.DER), ec.ECDSA(hashes.SHA256()))


def check_voucher(voucher: bytes, *, successor: x509.Certificate, authority: x509.Certificate) -> None:
    """Raise TrustError (trust.certificate) unless the authority vouches for the successor, which is an authority too."""
    try:
        _p256(authority.public_key()).verify(voucher, _VOUCHER + successor.public_bytes(Encoding.DER), ec.ECDSA(hashes.SHA256()))
        if not successor.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise ValueError("no authority")
    except Exception as error:  # as above
        raise TrustError("Nobody of this household vouches for that authority.", code="trust.certificate") from error


def issuer_among(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> x509.Certificate:
    """Which of the authorities signed the certificate. Raises TrustError (trust.certificate) if none did."""
    for authority in authorities:
        with contextlib.suppress(TrustError):
            check_issued(certificate, authority=authority)
            return authority
    raise TrustError("This certificate is not of this household.", code="trust.certificate")


def check_issued(certificate: x509.Certificate, *, authority: x509.Certificate) -> None:
    """Raise TrustError (trust.certificate) unless the authority signed the certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception as error:  # as above
        raise TrustError("This certificate is not of this household.", code="trust.certificate") from error


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _leaf(
    subject: x509.Name, public_key: ec.EllipticCurvePublicKey, *, authority: x509.Certificate, now: datetime
) -> x509.CertificateBuilder:
    signer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _begun(subject, authority.subject, public_key, now=now, lasts=CERTIFICATE_LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, *, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + lasts)
    )


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        if not name or len(name) > 253 or any(not part or len(part) > 63 for part in name.split(".")) or "*" in name:
            raise ValueError(name)
        return x509.DNSName(name)
    except ValueError as error:
        raise TrustError("A server's name is a host name in plain letters, or an address.", code="trust.refused") from error


def _p256(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _bad_key()
    return key


def _short_id(key: ec.EllipticCurvePublicKey) -> str:
    return key_digest(spki_of(key)).hex()[:8]


def _bad_key() -> TrustError:
    return TrustError("A public key of this protocol is on the curve P-256.", code="trust.key")


def _bad_certificate() -> TrustError:
    return TrustError("This is no certificate of this protocol.", code="trust.certificate")
