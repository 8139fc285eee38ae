"""The settings: one frozen tree, read once from a TOML file; unknown keys fail; every setting is documented here.

`earwitness settings` prints this tree with its descriptions. Owns no secrets and does nothing but read.
"""

import os
import tomllib
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from earwitness.domain.errors import SettingsError

SETTINGS_VARIABLE = "EARWITNESS_SETTINGS"
STATE_VARIABLE = "EARWITNESS_STATE"
MODELS_VARIABLE = "EARWITNESS_MODELS"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class WakeSettings(_Part):
    """Wake words, heard on the device."""

    words: tuple[str, ...] = Field(default=("hey jarvis",), min_length=1, max_length=2)
    """One or two of: alexa, hey jarvis, hey mycroft, okay nabu (fewest false wakes, but harder to wake for some voices)."""
    sensitivity: float = Field(default=0.5, ge=0.0, le=1.0)
    """0 = hardest to wake, fewest false wakes; 1 = easiest to wake."""


class EndpointSettings(_Part):
    """When a request is over. All times are of silence as the voice detector sees it, in seconds."""

    speech_probability: float = Field(default=0.5, gt=0.0, lt=1.0)
    """Above this the voice detector's frame counts as speech; it must fall 0.15 below to count as silence."""
    speculate_after_seconds: float = Field(default=0.064, ge=0.0, le=1.0)
    """Recognition starts speculatively after this much silence."""
    complete_seconds: float = Field(default=0.32, ge=0.1, le=3.0)
    """Silence that ends a command which is already complete."""
    open_seconds: float = Field(default=0.6, ge=0.1, le=3.0)
    """Silence that ends a command which often goes on ("add apples", and then?)."""
    unknown_seconds: float = Field(default=0.8, ge=0.1, le=3.0)
    """Silence that ends speech which matches no command."""
    incomplete_seconds: float = Field(default=1.6, ge=0.1, le=5.0)
    """Silence that ends a plainly unfinished command ("set a timer for"): the pause limit."""
    nothing_seconds: float = Field(default=4.0, ge=1.0, le=15.0)
    """How long to wait for speech to begin."""
    longest_seconds: float = Field(default=20.0, ge=3.0, le=60.0)
    """The length limit of one request."""
    preroll_seconds: float = Field(default=0.8, ge=0.0, le=2.0)
    """Sound kept on the device from before the cue, so that words said over it are not lost."""


class SpeechSettings(_Part):
    """Recognition and voices."""

    recogniser: str = "cascade"
    """Engine for requests: cascade (Moonshine when it heard a sentence this home knows, else Whisper, whose model then weighs the
    sentences of this home that sound alike), whisper, moonshine, or wyoming: another program's, at `wyoming`.
    docs/recognition.md compares them."""
    wyoming: str = Field(default="127.0.0.1:10300", min_length=1, max_length=270)
    """Host and port of a Wyoming recogniser, for recogniser = "wyoming". It is not encrypted: on this machine, or reached over
    foreign.trusted_interface."""
    threads: int = Field(default=2, ge=1, le=64)
    """Processor threads that one recognition may use."""
    shows_partials: bool = True
    """Whether words are shown while you speak; costs some processor time."""
    voice: str = "heart"
    """Default voice; `earwitness voices` lists them."""
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    """Speaking speed; 1 is the voice's own."""
    whispers_back: bool = True
    """Whether a request that was whispered is answered quietly."""


class UnderstandingSettings(_Part):
    """What is understood beyond the sentences of the house."""

    learned: bool = True
    """Whether requests that no sentence fits are guessed by what was learned of how people speak; what may harm is asked."""


class ServerSettings(_Part):
    """The page and the sessions of browsers."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback is served with TLS 1.3 alone."""
    port: int = Field(default=8765, ge=0, le=65535)
    """TCP port; 0 picks a free one."""
    device_port: int | None = Field(default=None, ge=0, le=65535)
    """TCP port that satellites connect to, on the same address: without it the one after `port` (8766); 0 serves none."""
    tls_certificate: Path | None = None
    """PEM file with the certificate chain; without one, the household's own authority makes one for this machine's names."""
    tls_key: Path | None = None
    """PEM file with the private key."""


class RingingSettings(_Part):
    """What alarms may ring with."""

    music_folder: Path | None = None
    """Folder with music (FLAC, MP3, OGG, WAV) that alarms may ring with: the first 30 seconds of a piece, again and again."""


class MusicSettings(_Part):
    """Music that satellites play themselves."""

    folder: Path | None = None
    """Folder with the household's own music (FLAC, MP3, Ogg, WAV, AIFF) and playlists (M3U). Without it that of `ringing`."""


class SkillSettings(_Part):
    """Skills of others, which are installed as packages and enabled by an owner."""

    allows_unfenced: bool = False
    """Whether they may run where bubblewrap is missing. Then nothing keeps one from what Earwitness itself can read and send."""


class ForeignSettings(_Part):
    """Satellites and programs that speak other protocols than ours: plain Wyoming, and ESPHome's encrypted one."""

    wyoming_services: bool = False
    """Whether Home Assistant (or whoever speaks Wyoming) may use our recogniser, voices, wake words and skills."""
    wyoming_host: str = "127.0.0.1"
    """Address on which they are offered: loopback, or the trusted interface's. Wyoming has no encryption and asks for no key."""
    wyoming_port: int = Field(default=10300, ge=0, le=65535)
    """TCP port; 0 picks a free one."""
    most_connections: int = Field(default=8, ge=1, le=64)
    """Connections at once; one more is refused."""
    trusted_interface: str | None = Field(default=None, min_length=1, max_length=64)
    """Name (eth1) or address of this machine's interface on which unencrypted sound may travel; anybody on it can listen."""


class HomeSettings(_Part):
    """What the assistant can act on."""

    file: Path | None = None
    """Home file (YAML) with areas and devices; without one, the demonstration home, which is simulated."""
    area: str | None = None
    """Room in which this machine stands, for "turn on the light" without a room."""
    zone: str | None = None
    """Time zone of the home, such as Europe/Berlin; without one, that of this machine (a container is often in UTC)."""


class CalendarSettings(_Part):
    """Events and tasks: a file on this machine, or a server (CalDAV)."""

    file: Path | None = None
    """iCalendar file (.ics); without one, calendar.ics in the state folder. Other programs may read and replace it."""
    url: str | None = None
    """Address of a CalDAV server, account or calendar (https://…); then that is used, and not the file."""
    user: str = ""
    """Name of the account on that server."""
    password_file: Path | None = None
    """File with the account's password as its only line; nobody but its owner may read it (chmod 600)."""
    name: str | None = None
    """Name of the calendar that takes what is added; without one, the first that can."""
    ca_file: Path | None = None
    """PEM file with the certificates to trust the server by; without one, the system's."""
    timeout_seconds: float = Field(default=2.0, ge=0.2, le=30.0)
    """How long one request may wait for the server."""
    allows_plain: bool = False
    """Whether the server may be asked by http:// beyond this machine: anybody on the way can read the calendar and change it."""
    sync: tuple[Literal["lists", "reminders", "personal_reminders", "alarms"], ...] = ()
    """What lives on that server too, both ways, for whoever can read the account. "reminders" are those for everyone."""
    sync_seconds: float = Field(default=60.0, ge=10.0, le=3600.0)
    """How often it is looked at for what was changed there; what is changed here is sent at once."""


class DictionarySettings(_Part):
    """What words mean: a dictionary server (DICT), such as Debian's packages dictd and dict-wn give."""

    host: str | None = Field(default=None, min_length=1, max_length=255)
    """Name or address of the server, such as "localhost"; without one, no dictionary is asked."""
    port: int = Field(default=2628, ge=1, le=65535)
    """Its TCP port."""
    database: str = "wn"
    """Which of its dictionaries is asked: wn is WordNet; "*" asks all, "!" the first that knows the word."""
    timeout_seconds: float = Field(default=2.0, ge=0.2, le=30.0)
    """How long one word may wait for the server."""
    allows_plain: bool = False
    """Whether a server on another machine may be asked: the protocol has no encryption, so anybody on the way reads the words."""


class EncyclopediaSettings(_Part):
    """Articles to look things up in, read on this machine."""

    folder: Path | None = None
    """Folder with ZIM files (Wikipedia and others); without one, nothing is looked up. Needs the extra `encyclopedia`."""
    timeout_seconds: float = Field(default=2.0, ge=0.2, le=30.0)
    """How long one question may take."""


class KnowledgeSettings(_Part):
    """What questions are answered from without asking anybody."""

    rates_file: Path | None = None
    """Exchange rates newer than those that ship, as the European Central Bank publishes them (eurofxref.csv)."""


class LanguageModelSettings(_Part):
    """A language model that answers questions which nothing else here can: any server that speaks OpenAI's chat completions."""

    url: str | None = None
    """Its address with the version (https://api.example.org/v1); without one, none is asked. Such questions go there as text."""
    model: str = Field(default="", max_length=200)
    """Name of the model, as the server calls it."""
    key_file: Path | None = None
    """File with the account's key as its only line; nobody but its owner may read it (chmod 600)."""
    ca_file: Path | None = None
    """PEM file with the certificates to trust the server by; without one, the system's."""
    timeout_seconds: float = Field(default=8.0, ge=0.5, le=60.0)
    """How long one question may wait for the answer, which comes whole."""
    allows_plain: bool = False
    """Whether the server may be asked by http:// beyond this machine: anybody on the way can read questions, answers and key."""
    understands: bool = False
    """Whether it is asked too what a request means that nothing here understands: then its words and the names of rooms, devices
    and lists go there. Nothing is done before whoever asked says yes."""


class WeatherSettings(_Part):
    """The weather of the home's place, from any server that speaks Open-Meteo's forecast API, which needs no account."""

    url: str | None = None
    """Its address (https://api.open-meteo.com/v1/forecast); without one, no weather is known and nobody asked. Where the home is,
    to about a kilometre, goes there; nothing else."""
    place: str = Field(default="", max_length=100)
    """What the place is called: "Lisbon"."""
    latitude: float | None = Field(default=None, ge=-90.0, le=90.0)
    """Degrees north of the equator, such as 38.72; south of it negative."""
    longitude: float | None = Field(default=None, ge=-180.0, le=180.0)
    """Degrees east of Greenwich, such as -9.14; west of it negative."""
    ca_file: Path | None = None
    """PEM file with the certificates to trust the server by; without one, the system's."""
    timeout_seconds: float = Field(default=4.0, ge=0.5, le=30.0)
    """How long one question may wait."""
    allows_plain: bool = False
    """Whether the server may be asked by http:// beyond this machine: anybody on the way reads where the home is."""


class VaultSettings(_Part):
    """Where what is kept lies, and which key opens it. Nothing is kept unless a person says so."""

    database: str | None = None
    """PostgreSQL URL (postgresql+pg8000://…) for people, consents and the history; without one, SQLite in the state folder."""
    keys_database: str | None = None
    """The same for the wrapped keys; keep it apart from the data. Without one, SQLite in the state folder's keys."""
    ledger_database: str | None = None
    """The same for the ledger."""
    recordings: str | None = None
    """S3 URL (s3://bucket/prefix) for sealed sound; without one, a folder in the state folder."""
    key_service: Literal["file", "age"] = "file"
    """What wraps the keys of people: a key file in the state folder's keys, or an age identity in a file of your choice."""
    age_identity: Path | None = None
    """File of the age identity, for example on a stick; it is read at each start and never copied."""
    upkeep_seconds: float = Field(default=20.0, ge=1.0, le=600.0)
    """How often, at the latest, what has expired or was deleted is swept away."""
    witnesses: tuple[str, ...] = ()
    """Witnesses that co-sign the ledger: each a URL, a space, and the verifier key that whoever runs it gave you."""
    witness_minutes: float = Field(default=15.0, ge=1.0, le=1440.0)
    """How often the ledger's head is submitted to them."""


class DemandsSettings(_Part):
    """By what rules legal demands are looked at."""

    rules: Path | None = None
    """File of the rules that counsel reviewed; without it those of the package, by which every demand goes to counsel."""


class DeskSettings(_Part):
    """How reviewers work, at home or at a service of its own."""

    double_share: float = Field(default=0.2, ge=0.0, le=1.0)
    """Which share of the tasks two reviewers judge, each not knowing of the other, where two work here."""
    gold_share: float = Field(default=0.05, ge=0.0, le=0.5)
    """Which share of the tasks a reviewer gets are made up, with a known answer, as long as there are any."""
    gold_window: int = Field(default=10, ge=3, le=100)
    """Over how many of these somebody's score is looked at."""
    gold_least: float = Field(default=0.75, ge=0.0, le=1.0)
    """Who has a lower share right of them on average passes the test again before the next task."""
    stint_tasks: int = Field(default=60, ge=5, le=150)
    """After so many tasks in one go comes a break."""
    stint_minutes: float = Field(default=60.0, ge=10.0, le=240.0)
    """And after so many minutes."""
    break_minutes: float = Field(default=5.0, ge=1.0, le=120.0)
    """How long a break is."""


class ReviewSettings(DeskSettings):
    """What people may be shown of recordings whose speakers allow that, drawn by lot."""

    rate_percent: float = Field(default=0.2, ge=0.0, le=0.2)
    """Of the recordings that may be drawn, how many are, at most, in percent; 0 draws none. Counts from the next day on (UTC)."""
    doubtful_share: float = Field(default=0.5, ge=0.0, le=1.0)
    """Which share of those places goes to what was hard to understand, beside its equal chance."""
    most_per_month: int = Field(default=5, ge=0, le=5)
    """How many recordings of one person are drawn in a calendar month, at most: never more than people are told."""
    lease_minutes: float = Field(default=60.0, ge=1.0, le=480.0)
    """How long a reviewer may keep one task, in minutes; never more than eight hours."""
    from_hour: int = Field(default=0, ge=0, le=23)
    """Reviewers may work from this hour of the home's clock."""
    until_hour: int = Field(default=24, ge=1, le=24)
    """And until this one; if it is the earlier of the two, of the next day."""
    networks: tuple[str, ...] = ()
    """Networks from which they may, such as "10.20.0.0/16"; without any, from wherever the page can be reached."""
    escalation_hours: float = Field(default=72.0, ge=1.0, le=720.0)
    """Within how many hours two people decide about what a reviewer flagged as disturbing."""
    desk_database: str | None = None
    """PostgreSQL URL of the reviewers' desk, a database of its own without names and keys; without one, SQLite in desk/."""
    service_url: str | None = Field(default=None, pattern=r"^https?://[^\s#?]+$")
    """Where reviewers' browsers reach a review service of its own (`earwitness review serve`); without one, the desk is here."""
    channel: str = "/run/earwitness/review.sock"
    """Where that service reaches this household: the path of a socket on this machine, or HOST:PORT (TLS, both certificates)."""
    service_user: str | None = None
    """The account of this machine that the service runs as; without one, the household's own."""


class BackupSettings(_Part):
    """Backups: data here, keys there, each encrypted to age recipients."""

    recipients: tuple[str, ...] = ()
    """age recipients (age1…) of a backup that names none; `earwitness keys make` makes an identity and prints its recipient."""
    keys_days: int = Field(default=7, ge=1, le=366)
    """How many days a backup of the keys stays: what was deleted may open again from it for so long, and no longer."""


class RemoteSettings(_Part):
    """Away from home: the tunnel (WireGuard) for phones of the household."""

    endpoint: str | None = None
    """Where phones find the house from outside: the name or address of your router, such as "home.example.org:51820"."""
    port: int = Field(default=51820, ge=1, le=65535)
    """UDP port of the tunnel on this machine: the router must pass it on to here."""
    interface: str = Field(default="earwitness", pattern="^[a-z][a-z0-9_-]{0,14}$")
    """Name of the network interface."""
    network: str | None = None
    """Private network of 24 bits inside the tunnel, such as "10.77.5.0/24"; without one, it is drawn with the key."""
    dns: str | None = Field(default=None, pattern=r"^[0-9a-fA-F.:]{2,39}$")
    """Address of a name server that phones ask while the tunnel is up; without one, their usual."""
    keepalive_seconds: int = Field(default=25, ge=0, le=600)
    """How often a phone keeps its way open, so that announcements reach it; 0 saves its battery."""


class SatelliteSettings(_Part):
    """This machine as a satellite: `earwitness satellite`."""

    server: str | None = None
    """Address of the server, HOST or HOST:PORT; without one, `earwitness satellite --server` says it."""
    name: str | None = Field(default=None, min_length=1, max_length=64)
    """What this device calls itself while it is paired; without one, its host name."""
    microphone: str | None = None
    """A part of the microphone's name, or "pulse:SOURCE"; without one, the system's default."""
    speaker: str | None = None
    """A part of the speaker's name, or "pulse:SINK"; without one, the system's default."""
    mute_switch: Path | None = None
    """File of a hardware switch, such as a GPIO's value in sysfs: 1 means muted, 0 not; what cannot be read means muted."""
    indicator_command: tuple[str, ...] = ()
    """Program and arguments that show the state; it is run on each change with the state as its last argument."""
    light_path: Path | None = None
    """File of a light, such as a GPIO's value or an LED's brightness in sysfs: 1 is written while sound may leave, else 0."""


class Settings(_Part):
    """All settings. An empty file gives all defaults."""

    language: Literal["en", "de", "fr", "es"] = "en"
    """Language of typed requests and replies. Others than English know the smart home alone; speech is English."""
    wake: WakeSettings = WakeSettings()
    endpoint: EndpointSettings = EndpointSettings()
    speech: SpeechSettings = SpeechSettings()
    understanding: UnderstandingSettings = UnderstandingSettings()
    server: ServerSettings = ServerSettings()
    foreign: ForeignSettings = ForeignSettings()
    ringing: RingingSettings = RingingSettings()
    music: MusicSettings = MusicSettings()
    skills: SkillSettings = SkillSettings()
    home: HomeSettings = HomeSettings()
    calendar: CalendarSettings = CalendarSettings()
    dictionary: DictionarySettings = DictionarySettings()
    encyclopedia: EncyclopediaSettings = EncyclopediaSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    language_model: LanguageModelSettings = LanguageModelSettings()
    weather: WeatherSettings = WeatherSettings()
    vault: VaultSettings = VaultSettings()
    review: ReviewSettings = ReviewSettings()
    demands: DemandsSettings = DemandsSettings()
    backup: BackupSettings = BackupSettings()
    remote: RemoteSettings = RemoteSettings()
    satellite: SatelliteSettings = SatelliteSettings()


def settings_path() -> Path:
    """Where the settings file is looked for: $EARWITNESS_SETTINGS, else the user's configuration folder."""
    given = os.environ.get(SETTINGS_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_config_dir("earwitness")) / "settings.toml"


def state_folder() -> Path:
    """Where lasting state (timers, lists) is kept: $EARWITNESS_STATE, else the user's data folder."""
    given = os.environ.get(STATE_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_data_dir("earwitness"))


def models_folder() -> Path:
    """Where assembled model files are kept: $EARWITNESS_MODELS, else the user's cache folder."""
    given = os.environ.get(MODELS_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_cache_dir("earwitness")) / "models"


def read_settings(path: Path | None = None) -> Settings:
    """Read the settings file; a missing default file gives the defaults.

    Raises SettingsError, naming the key, when the file is unreadable, a key is unknown or a value is out of range.
    """
    place = path or settings_path()
    try:
        table = tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if path is None and SETTINGS_VARIABLE not in os.environ:
            return Settings()
        raise SettingsError(f"There is no settings file at {place}.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The settings file {place} cannot be read as TOML: {error}.") from error
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"In {place}, {key}: {first['msg']}. `earwitness settings` lists every key.") from error
