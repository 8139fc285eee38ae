"""The PostgreSQL role of the reviewers' desk: statements that make it and its database, and let it reach nothing else.

Statements only, but for `make_role`, which carries them out as an administrator.
"""

import re
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from earwitness.domain.errors import SettingsError
from earwitness.storage.database import said

MOST_CONNECTIONS: Final = 20
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")


def role_statements(name: str, *, password: str, others: Sequence[str] = ()) -> tuple[str, ...]:
    """The statements, in order; a role and a database of that name. `others` are the household's databases, which then only their
    owners and those who were granted it may connect to. Raises SettingsError for a name or password that is no plain word."""
    if _NAME.fullmatch(name) is None or _PASSWORD.fullmatch(password) is None:
        raise SettingsError(
            "A role's name is of small letters, digits and _; its password of 16 letters, digits, _ and - or more."
        )
    flags = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS"
    quoted = [other.replace('"', '""') for other in others]
    return (
        f"CREATE ROLE {name} {flags} CONNECTION LIMIT {MOST_CONNECTIONS} PASSWORD '{password}'",
        f"CREATE DATABASE {name} OWNER {name}",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        *(f'REVOKE ALL ON DATABASE "{other}" FROM PUBLIC' for other in quoted),
    )


def make_role(url: str, statements: Sequence[str]) -> None:
    """Carry the statements out at a server, as an administrator. Raises StorageError."""
    place = sa.make_url(url)
    engine = sa.create_engine(place, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with said(place.render_as_string(hide_password=True)), engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()
