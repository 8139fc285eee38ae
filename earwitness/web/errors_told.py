"""How errors look in OpenAPI: which statuses a route may end with, and the one shape that all of them have."""

from typing import Any, Final

from earwitness.web.shapes import ErrorShape

_ALWAYS: Final = (400, 401, 403, 413, 422, 429, 500, 503)


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a router, those that any route can give among them."""
    return {status: {"model": ErrorShape} for status in sorted({*_ALWAYS, *statuses})}
