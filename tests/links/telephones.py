"""Telephone servers and far telephones for trials of calls: kamailio and sipp, real programs on 127.0.0.1.

kamailio has two accounts ("house" and "cottage"), asks for their password by digest on each REGISTER, INVITE and MESSAGE, sends
calls to the number of a far telephone there, calls of others to the house, and messages to whoever of the two is signed in. sipp
is a far telephone that does as its scenario says.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, Literal

import pytest

from earwitness.domain.call import CallEnd, LineState
from earwitness.domain.errors import LinkError
from earwitness.links.sip import SipLine
from earwitness.links.sip_wire import SipAccount
from tests.links.servers import Server, free_port, running, udp_ports, until

PASSWORD: Final = "seven green bottles; on 1 wall"
USER: Final = "house"
_CONFIG: Final = """
debug=1
log_stderror=yes
children=2
auto_aliases=no
{listens}
{tls_head}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "kex.so"
loadmodule "auth.so"
{tls_module}
request_route {{
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ t_relay(); exit; }}
    if (is_method("ACK")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    sl_send_reply("404", "Not here");
    exit;
  }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("$td", "{password}", "0")) {{ www_challenge("$td", "0"); exit; }}
    save("location");
    xlog("L_ALERT", "$tU is registered\\n");
    exit;
  }}
  if (is_method("MESSAGE")) {{
    xlog("L_ALERT", "message to $rU from $fU\\n");
    if ($fU == "house" || $fU == "cottage") {{
      if (!pv_proxy_authenticate("$fd", "{password}", "0")) {{ proxy_challenge("$fd", "0"); exit; }}
      consume_credentials();
    }}
    if ($rU != "house" && $rU != "cottage") {{ sl_send_reply("404", "Not Found"); exit; }}
    if (!lookup("location")) {{ sl_send_reply("480", "Nobody"); exit; }}
    t_relay();
    exit;
  }}
  if (is_method("INVITE")) {{
    xlog("L_ALERT", "invite $rU from $fU\\n");
    if ($fU == "house" || $fU == "cottage") {{
      if (!pv_proxy_authenticate("$fd", "{password}", "0")) {{ proxy_challenge("$fd", "0"); exit; }}
      consume_credentials();
      if ($rU == "house" || $rU == "cottage") {{
        if (!lookup("location")) {{ sl_send_reply("480", "Nobody"); exit; }}
        record_route();
        t_relay();
        exit;
      }}
      if ($rU == "0900") {{ sl_send_reply("403", "Forbidden"); exit; }}
      if ($rU != "100") {{ sl_send_reply("404", "Not Found"); exit; }}
      record_route();
      $du = "sip:127.0.0.1:{far_port};transport=udp";
      t_relay();
      exit;
    }}
    if (!lookup("location")) {{ sl_send_reply("480", "Nobody"); exit; }}
    record_route();
    t_relay();
    exit;
  }}
  sl_send_reply("405", "No");
}}
"""
_TLS: Final = """
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{certificate}")
modparam("tls", "private_key", "{key}")
"""

BUSY: Final = """<?xml version="1.0"?><scenario name="busy">
<recv request="INVITE"/>
<send><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<recv request="ACK"/>
</scenario>"""

_RINGS: Final = """<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

]]></send>"""
_SOUND: Final = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=far 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>"""
_TAKES: Final = (
    """<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
"""
    + _SOUND
)
_OK: Final = """<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""
RINGS_ONLY: Final = f"""<?xml version="1.0"?><scenario name="rings only">
<recv request="INVITE"/>{_RINGS}
<recv request="CANCEL"/>{_OK}
<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
CSeq: 1 INVITE
Content-Length: 0

]]></send>
<recv request="ACK"/>
</scenario>"""
TAKES: Final = f"""<?xml version="1.0"?><scenario name="takes">
<recv request="INVITE"/>{_RINGS}<pause milliseconds="300"/>{_TAKES}
<recv request="ACK"/>
<recv request="BYE"/>{_OK}
</scenario>"""
HANGS_UP: Final = f"""<?xml version="1.0"?><scenario name="takes, and hangs up">
<recv request="INVITE" rrs="true"><action>
  <ereg regexp="sip:[^>;]*[^>]*" search_in="hdr" header="Contact:" assign_to="there"/>
  <ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="them"/>
</action></recv>{_RINGS}{_TAKES}
<recv request="ACK"/>
<pause milliseconds="2000"/>
<send retrans="500"><![CDATA[
BYE [$there] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:100@[local_ip]:[local_port]>;tag=[call_number]
To: [$them]
Call-ID: [call_id]
CSeq: 7 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
<Reference variables="there,them"/>
</scenario>"""
_INVITES: Final = (
    """<send retrans="500"><![CDATA[
INVITE sip:house@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+4930111@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:house@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:+4930111@[local_ip]:[local_port]>
Max-Forwards: 70
{extra}"""
    + _SOUND
    + "\n"
)
CALLS: Final = (
    """<?xml version="1.0"?><scenario name="calls">
"""
    + _INVITES
    + """
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true" timeout="{patience}" ontimeout="1"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:+4930111@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:house@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv request="INVITE" optional="true" next="2"/>
<recv request="BYE" next="3"/>
<label id="2"/>"""
    + _TAKES.replace(";tag=[call_number]", "")
    + """
<recv request="ACK"/>
<recv request="BYE"/>
<label id="3"/>"""
    + _OK
    + """
<label id="1"/>
<nop/>
</scenario>"""
)
GIVES_UP: Final = (
    """<?xml version="1.0"?><scenario name="calls, and gives up">
"""
    + _INVITES
    + """<recv response="100" optional="true"/>
<recv response="180"/>
<pause milliseconds="1000"/>
<send retrans="500"><![CDATA[
CANCEL sip:house@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
From: <sip:+4930111@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:house@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="180" optional="true"/>
<recv response="200" optional="true"/>
<recv response="487"/>
<send><![CDATA[
ACK sip:house@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
From: <sip:+4930111@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:house@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>"""
)


def kamailio_of(folder: Path, *, far_port: int, certificate: Path | None = None, key: Path | None = None) -> tuple[Path, int]:
    """Write the configuration of a telephone server into `folder`; gives its file and its port (UDP and TCP, or TLS alone)."""
    port = free_port()
    plain = f"listen=udp:127.0.0.1:{port}\nlisten=tcp:127.0.0.1:{port}"
    listens = plain if certificate is None else f"listen=udp:127.0.0.1:{free_port()}\nlisten=tls:127.0.0.1:{port}"
    config = _CONFIG.format(
        listens=listens,
        far_port=far_port,
        password=PASSWORD,
        tls_head="" if certificate is None else "enable_tls=yes",
        tls_module="" if certificate is None else 'loadmodule "tls.so"' + _TLS.format(certificate=certificate, key=key),
    )
    path = folder / "kamailio.cfg"
    path.write_text(config)
    return path, port


@contextlib.contextmanager
def telephone_server(
    folder: Path, *, far_port: int, certificate: Path | None = None, key: Path | None = None
) -> Iterator[tuple[Server, int]]:
    """A kamailio, and the port that it is reached by."""
    path, port = kamailio_of(folder, far_port=far_port, certificate=certificate, key=key)
    run = folder / "run"
    run.mkdir(exist_ok=True)
    with running("kamailio", ["-f", path, "-DD", "-E", "-Y", run, "-P", run / "pid"], folder=folder, port=port) as server:
        yield server, port


def wait_registered(server: Server, user: str = USER) -> None:
    """Wait until somebody can be called at a server; without that it says "nobody" to whoever calls."""
    deadline = time.monotonic() + 60.0
    while f"{user} is registered" not in server.log():
        assert time.monotonic() < deadline, f"{user} is still not registered"
        time.sleep(0.05)


class FarTelephone:
    """A sipp that follows one scenario, for so many calls."""

    def __init__(self, scenario: str, *, folder: Path, port: int, to: str = "", calls: int = 1, echoes: bool = False) -> None:
        self._folder = folder
        path = folder / f"scenario-{port}-{abs(hash(scenario))}.xml"
        path.write_text(scenario)
        self.port = port
        media = free_port()
        self.command = ["sipp", "-sf", str(path), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port), "-m", str(calls)]
        self.command += [
            "-mp",
            str(media - media % 2),
            "-nostdin",
            "-timeout",
            "240s",
            *(["-rtp_echo"] if echoes else []),
            *([to] if to else []),
        ]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        if shutil.which("sipp") is None:
            pytest.skip("no sipp here: `python tests/prepare.py --links` installs it")
        log = (self._folder / "sipp.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(*self.command, stdout=log, stderr=log, cwd=self._folder)
        log.close()

    async def be_there(self) -> None:
        """Start it, and wait until it can be called."""
        await self.start()
        process = self._process
        assert process is not None

        def is_there() -> bool:
            assert process.returncode is None, (self._folder / "sipp.log").read_text(errors="replace")[-2_000:]
            with contextlib.suppress(OSError):  # it has just ended
                return self.port in udp_ports(process.pid)
            return False

        await until(is_there, what="the far telephone is there")

    async def end(self) -> int:
        """Wait until its calls are over; gives how it ended: 0 when all went as its scenario says."""
        assert self._process is not None
        async with asyncio.timeout(40):
            return await self._process.wait()

    async def stop(self) -> None:
        """End it, as when a telephone loses its power."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Notes:
    """A listener that notes what becomes of calls (earwitness.links.sip.Listener), and how the line stands (Report)."""

    def __init__(self) -> None:
        self.incoming: dict[int, str] = {}
        self.ringing: list[int] = []
        self.open: list[int] = []
        self.ended: dict[int, CallEnd] = {}
        self.heard: dict[int, bytearray] = {}
        self.troubles: list[LinkError] = []

    def on_incoming(self, line: SipLine, number: int, *, address: str) -> None:
        self.incoming[number] = address

    def on_ringing(self, line: SipLine, number: int) -> None:
        self.ringing.append(number)

    def on_open(self, line: SipLine, number: int) -> None:
        self.open.append(number)

    def on_ended(self, line: SipLine, number: int, *, how: CallEnd) -> None:
        self.ended[number] = how

    def on_sound(self, line: SipLine, number: int, chunk: bytes) -> None:
        self.heard.setdefault(number, bytearray()).extend(chunk)

    def works(self, sentence: str = "") -> None: ...

    def used(self) -> None: ...


@contextlib.asynccontextmanager
async def line_to(
    port: int,
    *,
    password: str = PASSWORD,
    transport: Literal["udp", "tcp", "tls"] = "udp",
    ca_file: Path | None = None,
    host: str = "127.0.0.1",
    user: str = USER,
    encrypts_sound: bool = False,
) -> AsyncIterator[tuple[SipLine, Notes]]:
    """The house's line at a telephone server, started and not waited for; run again whenever it ends, as the house does."""
    account = SipAccount(
        server=f"{host}:{port}",
        user=user,
        password=password,
        transport=transport,
        ca_file="" if ca_file is None else str(ca_file),
        silence_seconds=5,
        encrypts_sound=encrypts_sound,
    )
    notes = Notes()
    line = SipLine(account, listener=notes)

    async def keep_running() -> None:
        while True:
            try:
                await line.run(notes)
            except LinkError as error:
                notes.troubles.append(error)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(keep_running())
    try:
        yield line, notes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ready(line: SipLine) -> None:
    """Wait until the line can be used."""
    await until(lambda: line.state is LineState.READY, what="the line is ready")


async def troubled(notes: Notes, code: str) -> LinkError:
    """Wait until the line ended with such an error."""
    await until(lambda: any(error.code == code for error in notes.troubles), what=f"the line says {code}")
    return next(error for error in notes.troubles if error.code == code)
