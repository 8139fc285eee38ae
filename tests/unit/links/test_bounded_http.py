"""What every web server is held to: its certificate, and secrets that stay in their files."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from earwitness.domain.errors import LinkError
from earwitness.links.bounded_http import WebServer, is_loopback
from earwitness.links.secret_file import read_secret
from tests.strange_servers import reply, request


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signs itself, for a name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths[1].write_bytes(written)
    return paths


@asynccontextmanager
async def tls_server(paths: tuple[Path, Path], asked: list[str]) -> AsyncIterator[int]:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await request(reader))[0])
        writer.write(reply(b"hello"))
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    server = await asyncio.start_server(say, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize(("name", "is_trusted"), [("localhost", True), ("localhost", False), ("other.example", True)])
async def test_only_a_certificate_that_is_trusted_and_for_that_name_is_spoken_to(
    tmp_path: Path, name: str, is_trusted: bool
) -> None:
    paths, asked = certificate(tmp_path, name), list[str]()
    async with tls_server(paths, asked) as port:
        url = httpx.URL(f"https://localhost:{port}/")
        server = WebServer(url, what="It", timeout_seconds=2.0, ca_file=paths[0] if is_trusted else None)
        try:
            if name == "localhost" and is_trusted:
                assert (await server.ask("GET", url, most_bytes=100)).body == b"hello"
                assert len(asked) == 1
            else:
                with pytest.raises(LinkError) as caught:
                    await server.ask("GET", url, most_bytes=100)
                assert (caught.value.code, asked) == ("link.not_safe", [])
        finally:
            await server.close()


async def test_a_file_of_certificates_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    for ca_file in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        url = httpx.URL("https://localhost:1/")
        server = WebServer(url, what="It", timeout_seconds=2.0, ca_file=ca_file)
        with pytest.raises(LinkError) as caught:
            await server.ask("GET", url, most_bytes=100)
        assert caught.value.code == "link.not_safe"


async def test_the_environments_proxy_and_netrc_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, asked = certificate(tmp_path, "localhost"), list[str]()
    (tmp_path / "netrc").write_text("machine localhost login me password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with tls_server(paths, asked) as port:
        url = httpx.URL(f"https://localhost:{port}/")
        server = WebServer(url, what="It", timeout_seconds=2.0, ca_file=paths[0])
        assert (await server.ask("GET", url, most_bytes=100)).status == 200
        await server.close()
    assert "authorization" not in asked[0].lower()


def test_only_this_machine_is_this_machine() -> None:
    others = ["localhost.example.org", "127.0.0.1.example.org", "192.168.1.2", "0.0.0.0", ""]
    assert all(is_loopback(host) for host in ("localhost", "LOCALHOST.", "127.3.2.1", "::1", "[::1]"))
    assert not any(is_loopback(host) for host in others)


def test_a_secret_is_one_line_of_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-1234 \nnot this\n", encoding="utf-8")
    path.chmod(0o600)
    assert read_secret(path) == "sk-1234"
    for data in (b"", b"\n", b"\xff\n", b"a\x00b\n", b"x" * 5000):
        path.write_bytes(data)
        with pytest.raises(LinkError) as caught:
            read_secret(path)
        assert caught.value.code == "link.secret"
    with pytest.raises(LinkError):
        read_secret(tmp_path / "missing")
