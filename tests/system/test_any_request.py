"""Anything that the OpenAPI document allows, and more, sent with an owner's session: nothing makes the server fail.

The house is real but for its engines. What would end the session or the account,
what takes no JSON, and what changes the machine's network, is left out: it is tried elsewhere.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from earwitness.storage import database
from tests.houses_kept import Clock, KeptHouse, kept_house, sound, whose

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = 10
ENDING = ("/api/v1/sign-out", "/api/v1/me$", "/api/v1/me/passphrase$", "/ledger/", "/api/v1/ask/audio", "/api/v1/remotes/tunnel")


@schemathesis.serializer("audio/*")
def as_sound(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body that is sound, or is said to be: bytes as they are, and of anything else its text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


class SignedInApp:
    """The server as the owner's browser sees it: each request carries the cookie, and says that it is for this machine."""

    def __init__(self, house: KeptHouse, token: str) -> None:
        self._house = house
        self._token = token
        self._app = house.app()
        self._headers = [(b"host", b"127.0.0.1"), (b"cookie", f"earwitness-person={token}".encode())]

    def is_alive(self) -> bool:
        return whose(self._house.people, self._token) is not None

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] == "http":
            kept = [(name, value) for name, value in scope["headers"] if name not in {b"host", b"cookie", b"authorization"}]
            scope = {**scope, "headers": [*kept, *self._headers], "client": ("127.0.0.1", 50_000)}
        await self._app(scope, receive, send)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.schemas.BaseSchema]:
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "BUSY_SECONDS", 0.2)
    with patch.context(), kept_house(tmp_path_factory.mktemp("house"), clock=Clock()) as house:
        owner = house.enrolled("Owner")
        house.enrolled("Another")
        house.keep(owner, sound=sound(0.1))
        app = SignedInApp(house, house.people.accounts.let_in(owner).token)
        yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)


def test_nothing_makes_the_server_fail(api: schemathesis.schemas.BaseSchema) -> None:
    tried, failed = 0, list[str]()
    for found in api.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        if re.search("|".join(ENDING), operation.path):
            continue
        tried += 1

        @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
        def try_it(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        try:
            try_it()
        except (Exception, BaseExceptionGroup) as failure:
            failed.append(f"{operation.method.upper()} {operation.path}: {failure}")
    assert tried > 50
    assert api.app.is_alive(), "else all of this was refused at the gate"
    assert failed == [], "\n\n".join(failed)
