"""The settings of a review service of its own: a file of its own, in which nothing of the household's can be named.

It has no place for a key, a database or a password of the household, and unknown keys fail.
"""

import tomllib
from pathlib import Path

from pydantic import ConfigDict, Field, ValidationError

from earwitness.config import DeskSettings
from earwitness.domain.errors import SettingsError


class ServiceSettings(DeskSettings):
    """All settings of the service."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    household: str = Field(min_length=1, max_length=300)
    """Where the household is reached, as its settings say in `review.channel`: the path of a socket, or HOST:PORT."""
    sign_in_url: str = Field(pattern=r"^https?://[^\s]+$")
    """The page Review of the household, where reviewers sign in."""
    folder: Path = Path("/var/lib/earwitness-review")
    """Where the service keeps its own database and certificate; nobody but its account may look in."""
    database: str | None = None
    """PostgreSQL URL of the desk's database; without one, SQLite in the folder. `earwitness review make-role` makes a role."""
    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback is served with TLS 1.3 alone."""
    port: int = Field(default=8770, ge=0, le=65535)
    """TCP port; 0 picks a free one."""
    tls_certificate: Path | None = None
    """PEM file with the certificate chain for the pages."""
    tls_key: Path | None = None
    """PEM file with its private key."""
    lease_minutes: float = Field(default=60.0, ge=1.0, le=480.0)
    """How long a reviewer may keep one task; the household goes by its own setting besides."""


def read_service_settings(path: Path) -> ServiceSettings:
    """Read the file. Raises SettingsError, naming the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The settings file {path} cannot be read as TOML: {error}.") from error
    try:
        return ServiceSettings.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"In {path}, {key}: {first['msg']}.") from error
