"""A real broker (mosquitto) for trials, with TLS and a password, on loopback."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.links.servers import Server, free_port, running

USER: Final = "house"
PASSWORD: Final = "a password of trials"


@dataclass
class Broker:
    """One that runs; `ca_file` verifies it."""

    server: Server
    port: int
    ca_file: Path

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


@contextmanager
def broker(folder: Path, *, port: int | None = None) -> Iterator[Broker]:
    """Start mosquitto with TLS and one account. Skips where it is not installed."""
    port = port or free_port()
    ca_file = certificate(folder)
    passwords, settings = folder / "passwords", folder / "mosquitto.conf"
    settings.write_text(
        f"user root\nlistener {port} 127.0.0.1\ncertfile {ca_file}\nkeyfile {folder / 'key.pem'}\n"
        f"allow_anonymous false\npassword_file {passwords}\npersistence true\npersistence_location {folder}/\n"
        "autosave_interval 1\n",
        encoding="utf-8",
    )
    passwords.write_text("", encoding="utf-8")
    passwords.chmod(0o600)
    if _has_password_tool():
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
    with running("mosquitto", ["-c", settings], folder=folder, port=port) as server:
        yield Broker(server=server, port=port, ca_file=ca_file)


def _has_password_tool() -> bool:
    """Without it there is no mosquitto either, and the trial is skipped."""
    try:
        return subprocess.run(["mosquitto_passwd"], capture_output=True, check=False).returncode >= 0
    except FileNotFoundError:
        return False


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, and its key beside it (key.pem)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    place = folder / "certificate.pem"
    place.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return place


class Reported(asyncio.Event):
    """A Report that can be waited on."""

    def works(self, sentence: str = "") -> None:
        self.set()

    def used(self) -> None:
        pass
