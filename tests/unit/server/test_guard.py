"""The guarded server over real HTTP: rebinding, cross-site requests, sizes, sign-in, and the headers of every answer."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from earwitness.server import app
from earwitness.server.gate import Setup, nobody
from earwitness.server.guard import MAX_BODY_BYTES
from tests.unit.server.serving import Served, greet, no, serving, wait_for
from tests.unit.server.test_listen import make_certificate


def test_every_answer_carries_the_safety_headers() -> None:
    async def scenario() -> None:
        async with serving() as served, httpx.AsyncClient(base_url=served.url) as client:
            for path in ("/", "/api/v1/health", "/static/main.js", "/nothing", "/api/v1/ask", "/sign-in"):
                answer = await client.get(path)
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "no-referrer"
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["permissions-policy"].startswith("microphone=(self), publickey-credentials-create=(self)")
                assert "server" not in answer.headers

    asyncio.run(scenario())


def knock(served: Served, headers: dict[str, str]) -> connect:
    """A session asked for with these headers, whatever name the Host header gives the server."""
    others = {name: value for name, value in headers.items() if name != "Host"}
    address = f"ws://{headers.get('Host', served.host)}/api/v1/session"
    return connect(address, host="127.0.0.1", port=served.port, additional_headers=others)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Host": "attacker.example"}, 421, "network.wrong_host"),
        ({"Host": "attacker.example", "Origin": "http://attacker.example"}, 421, "network.wrong_host"),
        ({"Origin": "http://attacker.example"}, 403, "network.cross_site"),
        ({"Origin": "null"}, 403, "network.cross_site"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "network.cross_site"),
    ],
    ids=str,
)
def test_another_site_can_do_nothing(headers: dict[str, str], status: int, code: str) -> None:
    async def scenario() -> None:
        async with serving() as served, httpx.AsyncClient(base_url=served.url) as client:
            answer = await client.post("/api/v1/ask", json={"text": "turn on the lamp"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            with pytest.raises(InvalidStatus) as caught:
                await knock(served, headers)
            assert caught.value.response.status_code == 403
            assert not served.house.lamp.is_on

    asyncio.run(scenario())


def test_a_device_that_is_no_browser_may_open_a_session() -> None:
    async def scenario() -> None:
        async with serving() as served, served.session(origin=None) as socket:
            await greet(socket)

    asyncio.run(scenario())


def test_too_large_a_body_is_refused_declared_or_not() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(MAX_BODY_BYTES // 50)

    async def scenario() -> None:
        async with serving() as served, httpx.AsyncClient(base_url=served.url) as client:
            declared = await client.post("/api/v1/ask", content=bytes(MAX_BODY_BYTES + 1))
            assert (declared.status_code, declared.json()["code"]) == (413, "body.too_large")
            streamed = await client.post("/api/v1/ask", content=chunks(), headers={"Content-Type": "application/json"})
            assert (streamed.status_code, streamed.json()["code"]) == (413, "body.too_large")

    asyncio.run(scenario())


def test_what_is_not_there_is_said_as_json() -> None:
    async def scenario() -> None:
        async with serving() as served, httpx.AsyncClient(base_url=served.url) as client:
            for path in ("/nothing", "/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/docs"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (404, "http.not_found")
            assert (await client.get("/api/v1/ask")).json()["code"] == "http.wrong_method"

    asyncio.run(scenario())


def locked(folder: Path) -> dict[str, Any]:
    certificate, key = make_certificate(folder)
    return {"tls_certificate": certificate, "tls_key": key}


def trusting(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    context.check_hostname = False
    return context


def client_of(served: Served, folder: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"https://{served.host}", verify=trusting(folder))


def test_whoever_is_not_signed_in_sees_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(who=nobody, **locked(tmp_path)) as served, client_of(served, tmp_path) as client:
            visit = await client.get("/", headers={"Accept": "text/html"})
            assert (visit.status_code, visit.headers["location"]) == (303, "/sign-in")
            visit = await client.get("/listens?turn=1", headers={"Accept": "text/html"})
            assert (visit.status_code, visit.headers["location"]) == (303, "/sign-in?next=/listens%3Fturn%3D1")
            for path in ("/api/v1/history", "/ledger/checkpoint", "/nothing", "/api/v1/home", "/api/v1/openapi.json", "/"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (401, "access.not_signed_in")
                assert answer.headers["www-authenticate"].startswith("Bearer")
            with pytest.raises(InvalidStatus):
                await secure_session(served, tmp_path)
            assert (await client.get("/api/v1/health")).json() == {"ready": False}
            page = await client.get("/sign-in")
            assert "Sign in" in page.text
            assert "max-age" in page.headers["strict-transport-security"]

    asyncio.run(scenario())


def test_a_session_ends_soon_after_the_sign_in_that_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "RECHECK_SECONDS", 0.2)

    async def scenario() -> None:
        async with serving(is_still_in=no) as served, served.session() as socket:
            await greet(socket)
            message = await wait_for(socket, "error")
            assert message["code"] == "access.not_signed_in"
            await asyncio.wait_for(socket.wait_closed(), 30)

    asyncio.run(scenario())


def secure_session(served: Served, folder: Path, **headers: str) -> connect:
    address = f"wss://{served.host}/api/v1/session"
    return connect(address, ssl=trusting(folder), origin=Origin(f"https://{served.host}"), additional_headers=headers)


def test_a_home_that_is_not_set_up_shows_nothing_but_the_setup() -> None:
    setup = Setup(is_done=no, is_pass=lambda given: False)

    async def scenario() -> None:
        async with serving(setup=setup) as served, httpx.AsyncClient(base_url=served.url) as client:
            for page in ("/", "/history", "/sign-in", "/people"):
                visit = await client.get(page, headers={"Accept": "text/html"})
                assert (visit.status_code, visit.headers["location"]) == (303, "/setup")
            for path in ("/api/v1/home", "/ledger/key", "/nothing"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (403, "setup.needed")
            with pytest.raises(InvalidStatus):
                await served.session()
            assert (await client.get("/setup")).status_code == 200

    asyncio.run(scenario())


def test_errors_never_carry_what_was_said() -> None:
    async def scenario() -> None:
        async with serving() as served, httpx.AsyncClient(base_url=served.url) as client:
            secret = "my secret sentence"
            for content in (json.dumps({"text": secret, "other": 1}), json.dumps({"txt": secret}), f'{{"text": "{secret}'):
                answer = await client.post("/api/v1/ask", content=content, headers={"Content-Type": "application/json"})
                assert answer.status_code == 422
                assert secret not in answer.text

    asyncio.run(scenario())
