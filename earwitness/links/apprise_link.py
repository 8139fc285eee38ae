"""Messages one way, by whatever Apprise knows: mail, push services, chats. It sends and hears nothing back.

Each message is sent by a process of its own (links/apprise_process.py), which is ended when it takes too long: what a service
answers is not bounded otherwise. The URL of a service has its password in it, so all of it is a secret. It needs the extra
`apprise`.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import sys
from typing import Final
from urllib.parse import quote

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError
from earwitness.domain.message import MessageState
from earwitness.links.link_kind import Report
from earwitness.links.message_link import unconfirmed

ANSWER_SECONDS: Final = 18.0
ADDRESS: Final = "{address}"
"""Where the address of a contact goes in the URL; without it all messages go to one place."""
WHAT: Final = "The service"
_INHERITED: Final = frozenset(
    ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
) | frozenset(("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"))
"""Of our environment, what it needs to find itself and its way out; the rest may have secrets."""


class AppriseLink:
    """A MessageLink for one service."""

    tells_delivery = False
    owner_id: str | None = None

    def __init__(self, *, url: str, way: str, is_mail: bool = False) -> None:
        """`way` is what it is called aloud."""
        self.name_of_way = way
        self.channels = (Channel.EMAIL,) if is_mail else (Channel.OTHER,)
        self._url = url
        self._report: Report | None = None

    async def run(self, report: Report) -> None:
        if importlib.util.find_spec("apprise") is None:
            raise LinkError("Apprise is not installed: pip install 'earwitness[apprise]'.", code="link.not_installed")
        if await _told({"url": self._url.replace(ADDRESS, "address")}) != "known":
            raise LinkError("Apprise knows no service by that URL.", code="link.secret")
        self._report = report
        report.works("It only sends: whether anybody is there is known when something is sent.")
        try:
            await asyncio.Event().wait()
        finally:
            self._report = None

    async def check(self) -> None:
        """Nothing can be asked without sending something."""
        if self._report is None:
            raise LinkError("It does not run.", code="link.unreachable")

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        if self._report is None:
            raise LinkError("It does not run.", code="link.unreachable")
        told = await _told({"url": self._url.replace(ADDRESS, quote(address, safe="")), "text": text})
        if told == "refused":
            raise LinkError(f"{WHAT} refused it: see its URL.", code="link.refused")
        if told == "away":
            raise LinkError(f"{WHAT} cannot be reached.", code="link.unreachable")
        if told != "sent":
            raise unconfirmed(WHAT)
        self._report.used()
        return MessageState.SENT

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        return None


async def _told(order: dict[str, str]) -> str:
    """What the process said, "" if it said nothing in time. The order goes through a pipe: arguments are for all to see."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "earwitness.links.apprise_process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name in _INHERITED},
    )
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            out, _ = await process.communicate(json.dumps(order).encode())
            return out[:20].decode("ascii", "replace").strip()
    except TimeoutError:
        return ""
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
                await process.wait()
