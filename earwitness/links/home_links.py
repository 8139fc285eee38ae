"""What the two kinds of links to a home declare of themselves: their options, their secrets, and where something goes."""

import ipaddress
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field

from earwitness.domain.errors import LinkError
from earwitness.domain.link import LinkRole, Outgoing
from earwitness.links.bounded_http import is_loopback
from earwitness.links.link_kind import Link, LinkKind, LinkOptions, Seat, SecretField
from earwitness.links.trusting import trusting

_PLAIN: Final = (
    "The connection would not be encrypted, so anybody on the way could read the secret and change the home: "
    "encrypt it, or allow that."
)


class HomeAssistantOptions(LinkOptions):
    """Where Home Assistant is."""

    address: str = Field(title="Address", description="As in your browser: https://home.example.org or http://192.168.1.5:8123.")
    ca_file: Path | None = Field(
        default=None, title="Certificate file", description="PEM file to trust it by, if its certificate is one of your own."
    )
    allows_plain: bool = Field(
        default=False,
        title="Allow an unencrypted connection",
        description="Needed for http:// to another machine. Anybody on that network can then read the token.",
    )


class MqttOptions(LinkOptions):
    """Where the broker is."""

    host: str = Field(title="Broker", description="Name or address of the MQTT broker.")
    port: int = Field(default=8883, ge=1, le=65535, title="Port", description="8883 with encryption, 1883 without.")
    user: str = Field(default="", title="Name", description="Name of the account there, if it asks for one.")
    encrypted: bool = Field(default=True, title="Encrypted", description="Whether to connect by TLS.")
    ca_file: Path | None = Field(
        default=None, title="Certificate file", description="PEM file to trust it by, if its certificate is one of your own."
    )
    allows_plain: bool = Field(
        default=False,
        title="Allow an unencrypted connection",
        description="Needed without TLS to another machine. Anybody on that network can then read the password.",
    )
    prefix: str = Field(default="homeassistant", title="Discovery topic", description="Under which devices announce themselves.")
    zigbee: tuple[str, ...] = Field(
        default=("zigbee2mqtt",), title="zigbee2mqtt", description="Base topics of zigbee2mqtt, one a line."
    )


def _host(options: HomeAssistantOptions) -> tuple[str, str, int]:
    """Scheme, host and port of an address. Raises LinkError (link.invalid)."""
    written = options.address if "://" in options.address else f"http://{options.address}"
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise LinkError("That is no address; write it as in your browser, such as https://home.example.org.", code="link.invalid")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 8123 if "://" not in options.address else 80)


def home_assistant_kind() -> LinkKind[HomeAssistantOptions]:
    """Home Assistant by its WebSocket API."""

    def make(seat: Seat[HomeAssistantOptions]) -> Link:
        from earwitness.links.home_assistant import HomeAssistant

        scheme, host, port = _host(seat.options)
        if scheme == "http" and not is_loopback(host) and not seat.options.allows_plain:
            raise LinkError(_PLAIN, code="link.not_safe")
        shown = f"[{host}]" if _is_v6(host) else host
        path = urlsplit(seat.options.address).path if "://" in seat.options.address else ""
        tls = partial(trusting, seat.options.ca_file, what="Home Assistant") if scheme == "https" else None
        return HomeAssistant(f"{scheme}://{shown}:{port}{path}", token=seat.secret("token"), title=seat.name, tls=tls)

    return LinkKind(
        name="home_assistant",
        title="Home Assistant",
        about="The home as Home Assistant has it: its areas, devices and names. Commands to devices are sent there.",
        role=LinkRole.HOME,
        options=HomeAssistantOptions,
        secrets=(
            SecretField(
                name="token", title="Token", about="In Home Assistant: your profile, Security, Long-lived access tokens."
            ),
        ),
        outgoing=lambda options: _outgoing(*_host(options)),
        make=make,
    )


def _is_v6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _outgoing(scheme: str, host: str, port: int) -> tuple[Outgoing, ...]:
    sends = "what devices are told to do, and the token"
    return (Outgoing(host=f"{host}:{port}", sends=sends, is_encrypted=scheme == "https", is_this_machine=is_loopback(host)),)


def mqtt_kind() -> LinkKind[MqttOptions]:
    """Devices on an MQTT broker."""

    def make(seat: Seat[MqttOptions]) -> Link:
        from earwitness.links.mqtt import Broker, MqttHome

        options = seat.options
        if not options.encrypted and not is_loopback(options.host) and not options.allows_plain:
            raise LinkError(_PLAIN, code="link.not_safe")
        broker = Broker(
            host=options.host,
            port=options.port,
            user=options.user,
            password=seat.secret("password"),
            tls=partial(trusting, options.ca_file, what="the MQTT broker") if options.encrypted else None,
        )
        return MqttHome(broker, title=seat.name, prefix=options.prefix, zigbee=options.zigbee)

    return LinkKind(
        name="mqtt",
        title="MQTT",
        about="Devices on an MQTT broker: zigbee2mqtt, Tasmota, and what announces itself for Home Assistant. "
        "Commands to devices are sent there.",
        role=LinkRole.HOME,
        options=MqttOptions,
        secrets=(SecretField(name="password", title="Password", is_needed=False),),
        outgoing=lambda options: (
            Outgoing(
                host=f"{options.host}:{options.port}",
                sends="what devices are told to do, and the account's name and password",
                is_encrypted=options.encrypted,
                is_this_machine=is_loopback(options.host),
            ),
        ),
        make=make,
    )
