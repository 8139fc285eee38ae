"""The guarded server over real HTTP: rebinding, cross-site requests, sizes, sign-in, and the headers of every answer."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from earwitness.server.guard import MAX_BODY_BYTES
from tests.unit.server.serving import Served, greet, serving
from tests.unit.server.test_listen import make_certificate

CODE = "fifteen letters!"


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
                assert answer.headers["permissions-policy"].startswith("microphone=(self)")
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


def locked(folder: Path) -> dict[str, object]:
    certificate, key = make_certificate(folder)
    return {"tls_certificate": certificate, "tls_key": key, "access_code": CODE}


def trusting(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    context.check_hostname = False
    return context


def client_of(served: Served, folder: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"https://{served.host}", verify=trusting(folder))


def test_behind_the_access_code_nothing_is_seen_before_signing_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(**locked(tmp_path)) as served, client_of(served, tmp_path) as client:
            for page in ("/", "/history", "/privacy", "/listens?turn=1"):
                visit = await client.get(page, headers={"Accept": "text/html"})
                assert (visit.status_code, visit.headers["location"]) == (303, "/sign-in")
            for path in ("/api/v1/history", "/ledger/checkpoint"):
                answer = await client.get(path, headers={"Accept": "text/html"})
                assert (answer.status_code, answer.json()["code"]) == (401, "access.needed")
            for path in ("/api/v1/health", "/api/v1/home", "/api/v1/openapi.json", "/nothing"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (401, "access.needed")
            with pytest.raises(InvalidStatus):
                await secure_session(served, tmp_path)
            assert "Access code" in (await client.get("/sign-in")).text
            signed = await client.post("/sign-in", data={"code": CODE}, headers={"Origin": f"https://{served.host}"})
            assert (signed.status_code, signed.headers["location"]) == (303, "/")
            assert (await client.get("/api/v1/health")).json()["ready"] is False
            assert "max-age" in signed.headers["strict-transport-security"]
            cookie = signed.headers["set-cookie"].partition(";")[0]
            async with await secure_session(served, tmp_path, Cookie=cookie) as socket:
                await greet(socket)

    asyncio.run(scenario())


def secure_session(served: Served, folder: Path, **headers: str) -> connect:
    address = f"wss://{served.host}/api/v1/session"
    return connect(address, ssl=trusting(folder), origin=Origin(f"https://{served.host}"), additional_headers=headers)


def test_guessing_the_code_is_slowed_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(**locked(tmp_path)) as served, client_of(served, tmp_path) as client:
            for _ in range(5):
                wrong = await client.post("/sign-in", data={"code": "x" * 15})
                assert wrong.headers["location"] == "/sign-in?problem=wrong"
                assert "set-cookie" not in wrong.headers
            right = await client.post("/sign-in", data={"code": CODE})
            assert right.headers["location"] == "/sign-in?problem=wait"
            assert (await client.get("/sign-in?problem=wait")).status_code == 429
            bearer = await client.get("/api/v1/health", headers={"Authorization": f"Bearer {CODE}"})
            assert bearer.status_code == 401

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
