"""Music by name: what is meant, where, and only what a player reports."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from earwitness.domain.confirmation import Act, Confirmation, ConfirmationPolicy, Speaker
from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context
from earwitness.domain.music import Music, MusicKind
from earwitness.domain.turn import Outcome
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, House, TroubledHome, device, house
from tests.unit.skills.talking import Talk

TIDES = Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats")
SALT_WIND = Music(kind=MusicKind.TRACK, name="Salt Wind", by="The Paper Boats")
NAMES = (
    Music(kind=MusicKind.ARTIST, name="The Paper Boats"),
    Music(kind=MusicKind.ARTIST, name="Ida Marlow"),
    Music(kind=MusicKind.ARTIST, name="Eda Marlowe"),
    TIDES,
    Music(kind=MusicKind.ALBUM, name="Copper Rain", by="Ida Marlow"),
    SALT_WIND,
    Music(kind=MusicKind.TRACK, name="Salt Wind", by="Vector Garden"),
    Music(kind=MusicKind.TRACK, name="Copper Rain", by="Ida Marlow"),
    Music(kind=MusicKind.TRACK, name="Tides", by="Vector Garden"),
    Music(kind=MusicKind.GENRE, name="Jazz"),
    Music(kind=MusicKind.PLAYLIST, name="Evening"),
    Music(kind=MusicKind.STATION, name="Radio One"),
)
STEREO = device("Stereo", domain="media_player", area="Living Room", state="idle", volume=40)
SPEAKER = device("Kitchen Speaker", domain="media_player", area="Kitchen", state="idle", volume=40)


WITH_PLAYERS = replace(HOME, devices=(*HOME.devices, STEREO, SPEAKER))


RECEIVER = device("Receiver", domain="media_player", area="Kitchen", state="on", source_list="Radio One\nCD", source="CD")
"""Of a home: what it can be set to is chosen by name."""


class Players:
    """Players in memory that report what a test wants. Fake."""

    def __init__(self, *devices: Device) -> None:
        self.devices = {one.device_id: one for one in devices}
        self.played: list[tuple[str, Music]] = []
        self.state = "playing"
        self.error: LinkError | None = None
        self.satellites: dict[str, str] = {}
        """The satellites among them: by the player's id, the satellite's own."""
        self.moved: list[tuple[str, str]] = []
        self.hushed: list[str] = []

    def players(self) -> tuple[Device, ...]:
        return tuple(self.devices.values())

    def names(self, device_id: str) -> tuple[Music, ...]:
        return NAMES if device_id in self.devices else ()

    async def play(self, device_id: str, wanted: Music) -> Device:
        if self.error is not None:
            raise self.error
        self.played.append((self.devices[device_id].name, wanted))
        told = (
            {"media_title": wanted.name, "media_artist": wanted.by} if wanted.kind is MusicKind.TRACK else {"media_title": "One"}
        )
        attributes = {**self.devices[device_id].attributes, **told}
        self.devices[device_id] = replace(self.devices[device_id], state=self.state, attributes=attributes)
        return self.devices[device_id]

    def satellite_of(self, device_id: str) -> str | None:
        return self.satellites.get(device_id)

    async def move(self, from_id: str, to_id: str) -> Device:
        self.moved.append((self.devices[from_id].name, self.devices[to_id].name))
        here, there = self.devices[from_id], self.devices[to_id]
        self.devices[from_id] = replace(here, state="idle")
        self.devices[to_id] = replace(there, state="playing", attributes=here.attributes)
        return self.devices[to_id]

    def hush(self, satellite_id: str) -> None:
        self.hushed.append(satellite_id)


@pytest.fixture
def players() -> Players:
    return Players(STEREO, SPEAKER)


@pytest.fixture
def talk(tmp_path: Path, players: Players) -> Talk:
    return Talk(house(tmp_path, music=players), Grammar(WITH_PLAYERS), here=Context(area="Kitchen"))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("play the album tides", TIDES),
        ("play tides", TIDES),
        ("play salt wind by the paper boats", SALT_WIND),
        ("play salt winds by paper boats", SALT_WIND),
        ("put on some jazz", Music(kind=MusicKind.GENRE, name="Jazz")),
        ("play jazz music", Music(kind=MusicKind.GENRE, name="Jazz")),
        ("Play Jazz Music.", Music(kind=MusicKind.GENRE, name="Jazz")),
        ("Play The Playlist Evening.", Music(kind=MusicKind.PLAYLIST, name="Evening")),
        ("Play Something By The Paper Boats.", NAMES[0]),
        ("play the paper boats", NAMES[0]),
        ("play something by the paper boats", NAMES[0]),
        ("play music by the paper boats", NAMES[0]),
        ("play the playlist evening", Music(kind=MusicKind.PLAYLIST, name="Evening")),
        ("play radio one", Music(kind=MusicKind.STATION, name="Radio One")),
        ("i want to listen to radio one", Music(kind=MusicKind.STATION, name="Radio One")),
        ("play the song copper rain", Music(kind=MusicKind.TRACK, name="Copper Rain", by="Ida Marlow")),
        ("play copper rain", Music(kind=MusicKind.ALBUM, name="Copper Rain", by="Ida Marlow")),
        ("play something", Music(kind=MusicKind.ALL, name="")),
        ("play some music", Music(kind=MusicKind.ALL, name="")),
    ],
)
async def test_what_is_said_is_what_is_played(talk: Talk, players: Players, said: str, wanted: Music) -> None:
    result = await talk.result(said)
    assert (result.outcome, players.played) == (Outcome.DONE, [("Kitchen Speaker", wanted)]), result.reply
    assert "on the Kitchen Speaker" in result.reply


async def test_the_reply_is_what_the_player_reports(talk: Talk) -> None:
    assert await talk.say("play salt wind by the paper boats") == "Playing Salt Wind by The Paper Boats on the Kitchen Speaker."
    assert (
        await talk.say("play the album tides") == "Playing the album Tides by The Paper Boats, first One on the Kitchen Speaker."
    )


async def test_two_that_sound_alike_are_asked_about(talk: Talk, players: Players) -> None:
    assert await talk.say("play songs by eda marlow") in (
        "Did you mean Ida Marlow or Eda Marlowe?",
        "Did you mean Eda Marlowe or Ida Marlow?",
    )
    assert players.played == []
    await talk.say("Ida Marlow")
    assert players.played == [("Kitchen Speaker", Music(kind=MusicKind.ARTIST, name="Ida Marlow"))]


async def test_it_plays_where_it_is_asked_to(talk: Talk, players: Players) -> None:
    await talk.say("play tides in the living room")
    await talk.say("play jazz on the kitchen speaker")
    assert [where for where, _ in players.played] == ["Stereo", "Kitchen Speaker"]
    assert await talk.say("play jazz in the cellar") == "There is no player in the Cellar."


async def test_where_is_asked_when_it_is_not_plain(tmp_path: Path, players: Players) -> None:
    talk = Talk(house(tmp_path, music=players), Grammar(WITH_PLAYERS), here=Context(area="Bedroom"))
    assert await talk.say("play jazz") == "Where: on the Stereo or the Kitchen Speaker?"
    assert players.played == []
    await talk.say("the stereo")
    assert [where for where, _ in players.played] == ["Stereo"]


async def test_something_else_is_by_somebody_else(talk: Talk, players: Players) -> None:
    await talk.say("play salt wind by the paper boats")
    await talk.say("play something else")
    assert players.played[-1][1].kind is MusicKind.ARTIST
    assert players.played[-1][1].name != "The Paper Boats"


async def test_nothing_is_said_to_play_that_did_not_begin(talk: Talk, players: Players) -> None:
    players.state = "idle"
    result = await talk.result("play jazz")
    assert (result.outcome, result.reply) == (Outcome.FAILED, "The Kitchen Speaker did not begin to play.")
    players.error = LinkError("The player did not answer within 4 seconds.", code="link.slow")
    result = await talk.result("play jazz")
    assert (result.outcome, result.reply) == (Outcome.FAILED, "The player did not answer within 4 seconds.")


async def test_what_is_not_there_is_said(talk: Talk, players: Players) -> None:
    assert await talk.say("play the album zebra crossing") == "There is no album called zebra crossing on the Kitchen Speaker."
    assert await talk.say("play quantum xylophones") == "There is no music called quantum xylophones on the Kitchen Speaker."
    players.devices = {key: replace(one, is_reachable=False) for key, one in players.devices.items()}
    assert await talk.say("play jazz") == "The Kitchen Speaker cannot be reached now."


async def test_without_a_player_it_says_how_to_get_one(home: House) -> None:
    talk = Talk(home, Grammar(HOME), here=Context(area="Kitchen"))
    assert "No player is set up yet" in await talk.say("play jazz")


@dataclass
class Shown:
    """A home that is as it is told to be, and does nothing. Fake."""

    home: Home

    def snapshot(self) -> Home:
        return self.home

    async def apply(self, device_id: str, **_: object) -> Device:
        raise LinkError("Nothing is done here.")

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        raise LinkError("Nothing is done here.")

    def subscribe(self, callback: object) -> Callable[[], None]:
        return lambda: None


@pytest.mark.parametrize(
    ("told", "reply"),
    [
        ({"media_title": "Salt Wind"}, "This is Salt Wind."),
        ({"media_title": "Salt Wind", "media_artist": "The Paper Boats"}, "This is Salt Wind by The Paper Boats."),
        (
            {"media_title": "Salt Wind", "media_artist": "The Paper Boats", "media_album_name": "Tides"},
            "This is Salt Wind by The Paper Boats, from Tides.",
        ),
        ({}, "The Speaker does not say what it plays."),
    ],
)
async def test_what_is_this_is_what_the_player_here_reports(tmp_path: Path, told: dict[str, str], reply: str) -> None:
    here = replace(device("Speaker", domain="media_player", area="Kitchen", state="playing"), attributes=told)
    home = replace(HOME, devices=(here, device("TV", domain="media_player", area="Bedroom", state="playing", media_title="Film")))
    talk = Talk(house(tmp_path, link=Shown(home)), Grammar(HOME), here=Context(area="Kitchen"))
    assert await talk.say("what song is this") == reply


async def test_nothing_playing_is_said(tmp_path: Path) -> None:
    talk = Talk(house(tmp_path, link=Shown(replace(HOME, devices=()))), Grammar(HOME))
    assert await talk.say("what is playing") == "Nothing is playing."


@pytest.mark.parametrize(
    ("chosen", "outcome", "reply"),
    [
        (Confirmation.REFUSE, Outcome.REFUSED, "I am sorry, I only do that for somebody whom I know. Sign in on the page first."),
        (Confirmation.ASK, Outcome.ASKED, "Play that on the Kitchen Speaker?"),
    ],
)
async def test_the_households_policy_holds_for_music(
    tmp_path: Path, players: Players, chosen: Confirmation, outcome: Outcome, reply: str
) -> None:
    policy = ConfirmationPolicy(chosen={(Act.MUSIC, Speaker.UNKNOWN): chosen})
    talk = Talk(house(tmp_path, music=players, policy=policy), Grammar(WITH_PLAYERS), here=Context(area="Kitchen"))
    for request in ("play jazz", "play something else"):
        result = await talk.result(request)
        assert (result.outcome, result.reply, players.played) == (outcome, reply, [])
        talk.last = None
    if chosen is Confirmation.ASK:
        await talk.result("play jazz")
        await talk.result("yes")
        assert players.played == [("Kitchen Speaker", Music(kind=MusicKind.GENRE, name="Jazz"))]


BOX = replace(SPEAKER, device_id="satellites/box", name="Kitchen box speaker")
DEN_BOX = replace(SPEAKER, device_id="satellites/den", name="Bedroom speaker", area="Bedroom")
PLAYING_BOX = replace(BOX, state="playing", attributes={"volume": 40, "media_title": "One"})


def spoken_to(tmp_path: Path, players: Players, *, device_id: str | None, area: str | None = "Kitchen") -> Talk:
    """A conversation at a satellite."""
    players.satellites = {
        one.device_id: one.device_id.partition("/")[2] for one in (BOX, DEN_BOX) if one.device_id in players.devices
    }
    home = replace(HOME, devices=(*HOME.devices, *players.devices.values()))
    return Talk(house(tmp_path, music=players), Grammar(home), here=Context(area=area, device_id=device_id))


@pytest.mark.parametrize(
    ("there", "device_id", "area", "where"),
    [
        ((BOX,), "box", "Kitchen", "Kitchen box speaker"),
        ((BOX, DEN_BOX), "den", "Bedroom", "Bedroom speaker"),
        ((BOX, DEN_BOX), "box", None, "Kitchen box speaker"),
        ((SPEAKER, BOX), "box", "Kitchen", "Kitchen Speaker"),
        ((replace(BOX, is_reachable=False), DEN_BOX), None, None, "Bedroom speaker"),
    ],
)
async def test_a_satellite_plays_where_it_is_asked_unless_the_room_has_a_player_of_its_own(
    tmp_path: Path, there: tuple[Device, ...], device_id: str | None, area: str | None, where: str
) -> None:
    players = Players(*there)
    await spoken_to(tmp_path, players, device_id=device_id, area=area).say("play jazz")
    assert [name for name, _ in players.played] == [where]


async def test_a_satellite_and_a_player_of_its_room_are_each_there_by_name(tmp_path: Path) -> None:
    players = Players(SPEAKER, BOX)
    talk = spoken_to(tmp_path, players, device_id="box")
    await talk.say("play jazz on the kitchen box speaker")
    await talk.say("play jazz on the kitchen speaker")
    assert [name for name, _ in players.played] == ["Kitchen box speaker", "Kitchen Speaker"]


@pytest.mark.parametrize(
    "said",
    ["play it in the bedroom", "play the music in the bedroom", "move the music to the bedroom", "continue in the bedroom"],
)
async def test_what_plays_here_goes_on_there(tmp_path: Path, said: str) -> None:
    players = Players(PLAYING_BOX, DEN_BOX)
    talk = spoken_to(tmp_path, players, device_id="box")
    assert await talk.say(said) == "Playing One on the Bedroom speaker."
    assert players.moved == [("Kitchen box speaker", "Bedroom speaker")]


async def test_where_nothing_plays_nothing_can_go_on(tmp_path: Path) -> None:
    players = Players(BOX, DEN_BOX)
    talk = spoken_to(tmp_path, players, device_id="box")
    assert await talk.say("play it in the bedroom") == "Nothing is playing."


async def test_stop_ends_the_music_at_the_satellite_that_heard_it(tmp_path: Path) -> None:
    players = Players(PLAYING_BOX, DEN_BOX)
    talk = spoken_to(tmp_path, players, device_id="box")
    await talk.say("stop")
    assert players.hushed == ["box"]
    await talk.say("never mind")
    await spoken_to(tmp_path, players, device_id=None).say("stop")
    assert players.hushed == ["box"], "a page has no satellite"


async def test_a_receiver_is_set_to_a_source_where_it_is_named_and_never_chosen_before_a_player(tmp_path: Path) -> None:
    players = Players(SPEAKER, RECEIVER)
    home = replace(HOME, devices=(*HOME.devices, SPEAKER, RECEIVER))
    talk = Talk(house(tmp_path, link=TroubledHome(home), music=players), Grammar(home), Context(area="Kitchen"))
    assert (await talk.say("play something by the paper boats")).endswith("on the Kitchen Speaker.")
    players.state = "on"
    assert await talk.say("play radio one on the receiver") == "The Receiver did not begin to play."
    players.devices[RECEIVER.device_id] = replace(RECEIVER, attributes={**RECEIVER.attributes, "source": "Radio One"})
    assert (await talk.say("play radio one on the receiver")).startswith("Playing Radio One")
    assert [name for name, _ in players.played] == ["Kitchen Speaker", "Receiver", "Receiver"]
