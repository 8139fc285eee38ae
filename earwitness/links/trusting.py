"""Whom a link trusts over TLS: the system's authorities, or those of a file. Owns no connection."""

import ssl
from pathlib import Path

from earwitness.domain.errors import LinkError


def trusting(ca_file: Path | None, *, what: str, code: str = "link.invalid") -> ssl.SSLContext:
    """A context that verifies certificates and names, TLS 1.2 or later. Reads files, so it blocks.

    Raises LinkError (`code`) for a file that holds no certificates; `what` names the other side: "the XMPP server".
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise LinkError(f"{ca_file} cannot be read as certificates (PEM) to trust {what} by.", code=code) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
