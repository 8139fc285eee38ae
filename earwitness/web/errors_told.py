"""How errors look in OpenAPI: which statuses a route may end with, and the one shape that all of them have."""

from typing import Any, Final

from earwitness.web.shapes import ErrorShape

_SHAPE: Final = {"$ref": f"#/components/schemas/{ErrorShape.__name__}"}
_ALWAYS: Final = (400, 401, 403, 413, 422, 429, 500, 503)


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a router, those that any route can give among them.

    The shape is the model of the first alone and referred to by the others: FastAPI builds a validator for each model of each
    route, which took most of the time that a server's routes need to be made.
    """
    first, *others = sorted({*_ALWAYS, *statuses})
    found: dict[int | str, dict[str, Any]] = {first: {"model": ErrorShape}}
    for status in others:
        found[status] = {"content": {"application/json": {"schema": _SHAPE}}}
    return found
