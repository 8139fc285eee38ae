"""Servers of messages for the trials beside it: prosody, synapse, gammu-smsd and a web server, and whom links tell."""

import asyncio
import contextlib
import datetime
import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from earwitness.domain.message import Arrival, MessageState
from tests.links.servers import Server, free_port, running, until

DOMAIN = "house.test"
PASSWORD = "a password, long enough"


@dataclass
class Told:
    """A Post that remembers what links told it; while it is `slow` it keeps nothing."""

    arrivals: list[Arrival] = field(default_factory=list)
    states: list[tuple[str, MessageState]] = field(default_factory=list)
    may_keep: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_keep.set()

    async def arrived(self, link_id: str, arrival: Arrival) -> None:
        await self.may_keep.wait()
        self.arrivals.append(arrival)

    async def told(self, link_id: str, message_id: str, state: MessageState, *, reason: str = "") -> None:
        self.states.append((message_id, state))

    async def until_texts(self, *texts: str) -> None:
        """Wait until just these texts came, in that order."""
        await until(lambda: [one.text for one in self.arrivals] == list(texts), what=f"{texts}, not {self.arrivals}")


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate of its own for these names, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@dataclass(frozen=True)
class Prosody:
    server: Server
    port: int
    ca_file: Path


@contextlib.contextmanager
def prosody(
    folder: Path, *people: str, modules: str = '"offline"; "smacks"; "ping"; "roster"; "saslauth"; "tls"; "disco";'
) -> Iterator[Prosody]:
    """A prosody with TLS for house.test, with an account for each of `people`."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate_file, key_file = certificate(folder, DOMAIN)
    port = free_port()
    data = folder / "data"
    data.mkdir()
    config = folder / "prosody.cfg.lua"
    config.write_text(
        f"""
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{data}"
certificates = "{folder}"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ {modules} }}
modules_disabled = {{ "s2s"; "http"; }}
c2s_require_encryption = true
authentication = "internal_hashed"
smacks_hibernation_time = 1
log = {{ {{ levels = {{ min = "info" }}, to = "console" }} }}
ssl = {{ certificate = "{certificate_file}"; key = "{key_file}" }}
VirtualHost "{DOMAIN}"
""",
        encoding="utf-8",
    )
    for person in people:
        command = ["prosodyctl", "--root", "--config", str(config), "register", person, DOMAIN, PASSWORD]
        subprocess.run(command, check=True, capture_output=True)
    with running("prosody", ["--config", config, "-F"], folder=folder, port=port) as server:
        yield Prosody(server, port, certificate_file)


@dataclass
class Web:
    """A web server that answers each POST as told."""

    port: int
    bodies: list[bytes] = field(default_factory=list)
    status: int = 200
    answers: Callable[[], bytes | None] = lambda: b"ok"


@contextlib.contextmanager
def web(port: int = 0) -> Iterator[Web]:
    """On 127.0.0.1, in a thread of its own; on any free port, unless one is given. An answer of None breaks off."""
    made = Web(port=port)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.bodies.append(self.rfile.read(int(self.headers.get("content-length", "0"))))
            body = made.answers()
            if body is None:
                self.close_connection = True
                return
            with contextlib.suppress(OSError):
                self.send_response(made.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20.0)


@dataclass(frozen=True)
class Synapse:
    server: Server
    port: int
    python: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


SYNAPSE = Path(__file__).resolve().parent.parent.parent / ".venv-synapse"
"""An environment of its own (`python tests/prepare.py --links` makes it): its packages are not ours."""


@contextlib.contextmanager
def synapse(folder: Path, *people: str) -> Iterator[Synapse]:
    """A Matrix server for house.test on 127.0.0.1, unencrypted, with an account for each of `people`."""
    python = SYNAPSE / "bin" / "python"
    if not (SYNAPSE / ".installed").exists():
        pytest.skip("no synapse here: `python tests/prepare.py --links` installs it")
    folder.mkdir(parents=True, exist_ok=True)
    port, config = free_port(), folder / "homeserver.yaml"
    made: list[str | Path] = [python, "-m", "synapse.app.homeserver", "--server-name", DOMAIN, "--config-path", config]
    subprocess.run([*made, "--generate-config", "--report-stats=no"], check=True, capture_output=True, cwd=folder)
    config.write_text(
        f"""server_name: "{DOMAIN}"
pid_file: {folder}/synapse.pid
listeners:
  - port: {port}
    bind_addresses: ["127.0.0.1"]
    type: http
    tls: false
    resources: [{{names: [client], compress: false}}]
database: {{name: sqlite3, args: {{database: "{folder}/synapse.db"}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/{DOMAIN}.signing.key
registration_shared_secret: "shared"
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}, account: {{per_second: 1000, burst_count: 1000}}}}
""",
        encoding="utf-8",
    )
    with running(
        str(python), ["-m", "synapse.app.homeserver", "-c", config], folder=folder, port=port, start_seconds=90
    ) as server:
        for person in people:
            register: list[str | Path] = [
                python.parent / "register_new_matrix_user",
                "-u",
                person,
                "-p",
                PASSWORD,
                "--no-admin",
                "-k",
                "shared",
            ]
            subprocess.run([*register, f"http://127.0.0.1:{port}"], check=True, capture_output=True)
        yield Synapse(server, port, str(python))
