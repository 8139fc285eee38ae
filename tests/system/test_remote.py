"""Away from home: profiles from the terminal, and a real tunnel between two namespaces, by the kernel or wireguard-go."""

from __future__ import annotations

import configparser
import json
import os
import secrets
import shutil
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earwitness.cli import main
from earwitness.config import SETTINGS_VARIABLE, STATE_VARIABLE
from tests.houses_kept import PASSPHRASE
from tests.namespaces import Place, Wire, udp_payloads, why_not

SECRET = b"the words that nobody on the way may read"


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "200")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments: str | Path) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(code: str, *arguments: str | Path) -> None:
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"earwitness: {code}: "), result.output


def settle(**remote: str | int) -> None:
    lines = ["[remote]", *(f"{key} = {json.dumps(value)}" for key, value in remote.items())]
    Path(os.environ[SETTINGS_VARIABLE]).write_text("\n".join(lines) + "\n")


def parsed(profile: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(profile.read_text())
    return parser


@pytest.fixture
def owner() -> str:
    """The first who enrols."""
    done("people", "add", "Ann")
    return "Ann"


@pytest.mark.usefixtures("owner")
def test_a_phones_key_is_handed_out_once_and_kept_nowhere(tmp_path: Path) -> None:
    profile, picture = tmp_path / "phone.conf", tmp_path / "phone.svg"
    done("remote", "add", "Ann's phone", "--endpoint", "home.example.org", "--file", profile, "--svg", picture)
    assert stat.S_IMODE(profile.stat().st_mode) == stat.S_IMODE(picture.stat().st_mode) == 0o600
    private = parsed(profile)["Interface"]["PrivateKey"].encode()
    state = Path(os.environ[STATE_VARIABLE])
    held = {file: file.read_bytes() for file in state.rglob("*") if file.is_file()}
    assert state / "keys" / "wireguard.key" in held
    assert not [file for file, data in held.items() if private in data]
    (listed,) = json.loads(done("remote", "list", "--json"))
    assert listed["name"] == "Ann's phone"
    assert listed["public_key"] in done("remote", "server")
    refused("remote.exists", "remote", "add", "ann's PHONE", "--endpoint", "home.example.org")
    done("remote", "revoke", "Ann's phone")
    assert "[Peer]" not in done("remote", "server")
    refused("remote.unknown", "remote", "revoke", "Ann's phone")


@pytest.mark.usefixtures("owner")
def test_without_a_file_the_terminal_shows_a_code_to_photograph() -> None:
    refused("remote.no_endpoint", "remote", "add", "phone")
    refused("remote.invalid", "remote", "add", "phone", "--endpoint", "a\nPostUp = true")
    settle(endpoint="203.0.113.7")
    shown = done("remote", "add", "phone")
    assert "\u2588" in shown
    assert "PrivateKey" not in shown


@pytest.mark.usefixtures("owner")
def test_only_an_owner_decides_who_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    done("people", "add", "Ben")
    for command in (
        ["add", "phone", "--endpoint", "a.example"],
        ["list"],
        ["server"],
        ["up"],
        ["down"],
        ["status"],
        ["revoke", "x"],
    ):
        refused("access.refused", "remote", *command, "--person", "Ben")
    assert not (Path(os.environ[STATE_VARIABLE]) / "keys" / "wireguard.key").exists()
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", "not that one, surely not")
    refused("access.wrong", "remote", "list", "--person", "Ann")


@pytest.mark.usefixtures("owner")
def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(endpoint="a.example", interface=f"ew{secrets.token_hex(3)}")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    result = call("remote", "up")
    assert result.stderr.startswith("earwitness: remote.no_tool: "), result.output
    assert "install the package" in result.stderr


# A real tunnel


@dataclass(frozen=True)
class Away:
    """A house and a phone that is away, with the tunnel up on both."""

    wire: Wire
    house: Place
    phone: Place
    profile: Path

    @property
    def server(self) -> str:
        """The house's address in the tunnel."""
        return parsed(self.profile)["Peer"]["AllowedIPs"].split("/")[0]

    def command(self, *arguments: str) -> str:
        return self.house.call(lambda: done(*arguments))


def missing() -> str | None:
    tools = [tool for tool in ("wg", "wg-quick") if shutil.which(tool) is None]
    return why_not() or (f"install wireguard-tools ({', '.join(tools)} missing)" if tools else None)


@pytest.fixture
def away(tmp_path: Path, owner: str) -> Iterator[Away]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    tag = secrets.token_hex(3)
    with Wire() as wire:
        house, phone = wire.place("house"), wire.place("phone")
        settle(endpoint=house.address, interface=f"ewh{tag}")
        profile = tmp_path / f"ewp{tag}.conf"
        house.call(lambda: done("remote", "up"))
        house.call(lambda: done("remote", "add", "phone", "--file", profile))
        phone.run(["wg-quick", "up", profile])
        yield Away(wire, house, phone, profile)


def upper(address: str) -> Callable[[], None]:
    """Answer one who connects, in capitals."""
    listener = socket.create_server((address, 8765), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.settimeout(20)

    def serve() -> None:
        with listener, listener.accept()[0] as peer:
            peer.sendall(peer.recv(200).upper())

    return serve


def say(address: str, *, seconds: float = 10) -> bytes:
    with socket.create_connection((address, 8765), timeout=seconds) as server:
        server.sendall(SECRET)
        return server.recv(200)


def test_a_phone_away_reaches_the_house_and_nobody_reads_along(away: Away) -> None:
    allowed = parsed(away.profile)["Peer"]["AllowedIPs"].split(", ")
    for address in (one.split("/")[0] for one in allowed):
        answer = away.house.calling(away.house.call(partial(upper, address)))
        assert away.phone.call(partial(say, address)) == SECRET.upper()
        answer()
    sent = away.wire.packets
    assert not [packet for packet in sent if SECRET in packet.data or SECRET.upper() in packet.data]
    kinds = [payload[0] for payload in udp_payloads(sent, port=51820)]
    assert len(kinds) == len(sent), "only WireGuard's packets go between them"
    assert kinds[:2] == [1, 2]
    assert set(kinds[2:]) == {4}
    (seen,) = json.loads(away.command("remote", "status", "--json"))["phones"]
    assert seen["seen_at"] is not None


def test_a_revoked_phone_is_cut_off_at_once(away: Away) -> None:
    answer = away.house.calling(away.house.call(lambda: upper(away.server)))
    assert away.phone.call(lambda: say(away.server)) == SECRET.upper()
    answer()
    away.command("remote", "revoke", "phone")
    listening = away.house.call(lambda: socket.create_server((away.server, 8765)))
    with listening, pytest.raises(OSError, match="timed out"):
        away.phone.call(lambda: say(away.server, seconds=1.5))
    before = len(away.wire.packets)
    with pytest.raises(OSError, match="timed out"):
        away.phone.call(lambda: say(away.server, seconds=1.5))
    later = away.wire.packets[before:]
    assert later, "the phone still asks"
    assert not [packet for packet in later if packet.data[12:16] == socket.inet_aton(away.house.address)], "and nobody answers"


def test_strangers_get_no_answer(away: Away) -> None:
    """As a scan sees it: whatever is sent to the port, also in the shape of a first message, nothing comes back."""
    stranger = away.wire.place("stranger")
    tries = [
        b"",
        b"\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<I", 1) + os.urandom(144),
        struct.pack("<I", 4) + os.urandom(60),
    ]

    def scan() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.5)
            asking.connect((away.house.address, 51820))
            for one in tries:
                asking.send(one)
            with pytest.raises(TimeoutError):
                asking.recv(2000)

    stranger.call(scan)
    to_stranger = socket.inet_aton(stranger.address)
    assert not [packet for packet in away.wire.packets if packet.data[16:20] == to_stranger]


def test_the_tunnel_ends_at_the_house_also_where_it_forwards(away: Away) -> None:
    """A phone whose profile was changed to send everything through the tunnel gets no further."""
    neighbour = away.wire.place("neighbour")
    away.house.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    here = parsed(away.profile)["Interface"]["Address"].split("/")[0]
    neighbour.run(["ip", "route", "add", here, "via", away.house.address])
    away.phone.run(
        ["wg", "set", away.profile.stem, "peer", parsed(away.profile)["Peer"]["PublicKey"], "allowed-ips", "0.0.0.0/0"]
    )
    away.phone.run(["ip", "address", "add", "192.0.2.9/32", "dev", "lo"])
    away.phone.run(["ip", "route", "replace", neighbour.address, "dev", away.profile.stem])
    listening = neighbour.call(lambda: socket.create_server((neighbour.address, 8765)))
    with listening, pytest.raises(OSError, match=r"timed out|unreachable|No route"):
        away.phone.call(lambda: say(neighbour.address, seconds=1))
    to_neighbour = socket.inet_aton(neighbour.address)
    assert not [packet for packet in away.wire.packets if packet.data[16:20] == to_neighbour]


def test_down_leaves_nothing_behind(away: Away) -> None:
    away.command("remote", "down")
    away.command("remote", "down")
    links = json.loads(away.house.run(["ip", "-json", "link"]).stdout)
    assert {link["ifname"] for link in links} == {"lo", "wire"}
    assert "unreachable" not in away.house.run(["ip", "rule"]).stdout
    assert not json.loads(away.command("remote", "status", "--json"))["is_up"]


def test_wg_quick_takes_the_servers_configuration(away: Away, tmp_path: Path) -> None:
    away.command("remote", "down")
    written = tmp_path / f"ews{secrets.token_hex(3)}.conf"
    away.command("remote", "server", "--file", str(written))
    away.house.run(["wg-quick", "up", written])
    for way in ("down", "up"):  # else the phone notices after 15 s that its session is unknown here
        away.phone.run(["wg-quick", way, away.profile])
    answer = away.house.calling(away.house.call(lambda: upper(away.server)))
    assert away.phone.call(lambda: say(away.server)) == SECRET.upper()
    answer()
    away.house.run(["wg-quick", "down", written])
    assert "unreachable" not in away.house.run(["ip", "rule"]).stdout
