"""Music by name: artists, albums, titles, genres, playlists and stations of the players here. "Playing" is what a player reports.

Skipping, pausing and volume are the skill of players' (media.py), which knows every player of the home.
"""

import asyncio
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.confirmation import Act
from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.music import Music, MusicKind
from earwitness.skills.confirming import confirm
from earwitness.skills.inside import Inside
from earwitness.skills.interface import (
    Context,
    HomeLink,
    Intent,
    Parts,
    Skill,
    SkillResult,
    UnfulfillableError,
    answered,
    ask,
    done,
    failed,
    refuse,
    slot_text,
)
from earwitness.skills.resolve import area_name, called, is_same
from earwitness.skills.wording import listed, sentence, the
from earwitness.understand.sounding import Match, Named, matched

NO_PLAYER: Final = "No player is set up yet; whoever runs this home adds one on the page Links"
_ANYTHING: Final = re.compile(r"^(?:(?:some|any|the|more) )?(?:music|something|anything|songs?|tunes?|whatever)(?: else)?$")
_BY: Final = re.compile(r"^(?P<what>.+?) (?:by|from) (?P<who>.+)$", re.IGNORECASE)
_MUSIC_OF: Final = re.compile(
    r"^(?:some |any )?(?:music|songs|something|anything|tracks|albums) (?:by|from|of) (?P<who>.+)$", re.IGNORECASE
)
_SOME: Final = re.compile(r"^(?:some |a little |a bit of )?(?P<what>.+?)(?: music| songs| radio)?$", re.IGNORECASE)
_OWN_WORD: Final = re.compile(
    r"^(?:the )?(?P<kind>album|artist|band|song|track|title|playlist|station|genre|radio station) (?P<what>.+)$",
    re.IGNORECASE,
)
_KINDS: Final = {
    "album": MusicKind.ALBUM,
    "artist": MusicKind.ARTIST,
    "band": MusicKind.ARTIST,
    "song": MusicKind.TRACK,
    "track": MusicKind.TRACK,
    "title": MusicKind.TRACK,
    "playlist": MusicKind.PLAYLIST,
    "station": MusicKind.STATION,
    "radio station": MusicKind.STATION,
    "genre": MusicKind.GENRE,
}
_ORDER: Final = (
    MusicKind.PLAYLIST,
    MusicKind.STATION,
    MusicKind.ARTIST,
    MusicKind.ALBUM,
    MusicKind.GENRE,
    MusicKind.TRACK,
)
"""What is meant by a name that several kinds have."""
_HEARD: Final = ("playing", "buffering")


class MusicSkill:
    """`home` knows how the players are now; `inside.music` has those that know music by name."""

    def __init__(self, home: HomeLink, inside: Inside) -> None:
        self._home = home
        self._inside = inside
        self._players = inside.music

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        match intent.name:
            case "MusicWhatIsThis":
                return self._what_is_this(context)
            case "MusicSomethingElse":
                return await self._something_else(intent, context)
            case "MusicMove":
                return await self._move(intent, context)
            case _:
                player = self._allowed(self._player(intent, context), intent, context)
                wanted = await asyncio.to_thread(self._wanted, intent, context, player=player)
                return await self._play(player, wanted)

    async def _play(self, player: Device, wanted: Music) -> SkillResult:
        try:
            played = await self._players.play(player.device_id, wanted)
        except LinkError as error:
            return failed(error.sentence)
        if played.state not in _HEARD and not _is_set_to(played, wanted):
            return failed(f"{sentence(called(player)).removesuffix('.')} did not begin to play.")
        return done(sentence(f"Playing {_told(wanted, played)} on {called(played)}"))

    async def _something_else(self, intent: Intent, context: Context) -> SkillResult:
        """Another artist than the one that plays; of one alone, another piece."""
        player = self._allowed(self._player(intent, context, prefers_playing=True), intent, context)
        names = self._names(player)
        now = str(player.attributes.get("media_artist", ""))
        others = [one for one in names if one.kind is MusicKind.ARTIST and not is_same(one.name, now)]
        if not others:
            title = player.attributes.get("media_title")
            others = [one for one in names if one.kind in (MusicKind.TRACK, MusicKind.STATION) and one.name != title]
        if not others:
            raise refuse(f"There is nothing else on {called(player)}")
        return await self._play(player, random.choice(others))  # noqa: S311  (no secret)

    def _what_is_this(self, context: Context) -> SkillResult:
        playing = [one for one in self._home.snapshot().devices if one.domain == "media_player" and one.state in _HEARD]
        here = [one for one in playing if _stands_in(one, context.area)] or playing
        if not here:
            raise refuse("Nothing is playing")
        return answered(" ".join(_what(one, is_only=len(here) == 1) for one in here[:3]))

    def _player(self, intent: Intent, context: Context, *, prefers_playing: bool = False) -> Device:
        """Where to play: the named player, that of the named room or of this one, the only one; else it is asked."""
        players = self._players.players()
        if not players:
            raise refuse(NO_PLAYER)
        players = tuple(one for one in players if slot_text(intent.slots, "name") or not _knows_sources_alone(one)) or players
        if said := slot_text(intent.slots, "name"):
            fitting = [one for one in players if any(is_same(said, name) for name in (one.name, *one.aliases))]
            if not fitting:
                raise refuse(f"I cannot choose music on {the(said)}")
        elif said := slot_text(intent.slots, "area"):
            area = area_name(self._home.snapshot(), said)
            fitting = [one for one in players if _stands_in(one, area)]
            if not fitting and (context.area is None or not is_same(said, context.area)):
                raise refuse(f"There is no player in {the(area)}")
            fitting = fitting or list(players)
        else:
            fitting = [one for one in players if _stands_in(one, context.area)]
            fitting = fitting or list(players)
        if prefers_playing:
            fitting = [one for one in fitting if one.state in _HEARD] or fitting
        fitting = self._preferred(fitting, context)
        if len(fitting) > 1:
            names = listed([called(one, among=fitting) for one in fitting], last="or")
            raise ask(f"Where: on {names}?", slot="name", intent=intent, context=context)
        if not fitting[0].is_reachable:
            raise refuse(f"{called(fitting[0])} cannot be reached now")
        return fitting[0]

    def _preferred(self, fitting: list[Device], context: Context) -> list[Device]:
        """Of several, those of links, as somebody put them there for music; else the satellite that was spoken to, else those
        that can be reached."""
        if len(fitting) < 2:
            return fitting
        linked = [one for one in fitting if self._players.satellite_of(one.device_id) is None]
        own = [one for one in fitting if self._players.satellite_of(one.device_id) == context.device_id is not None]
        is_in_one_room = len({one.area for one in fitting}) == 1
        if linked and is_in_one_room:
            return linked
        return own or [one for one in fitting if one.is_reachable] or fitting

    async def _move(self, intent: Intent, context: Context) -> SkillResult:
        """What plays here goes on there."""
        there = self._allowed(self._player(intent, context), intent, context)
        others = [one for one in self._players.players() if one.device_id != there.device_id and not _knows_sources_alone(one)]
        playing = [one for one in others if one.state in (*_HEARD, "paused")]
        here = [one for one in playing if self._players.satellite_of(one.device_id) == context.device_id is not None]
        here = here or [one for one in playing if _stands_in(one, context.area)] or playing
        if not here:
            raise refuse("Nothing is playing")
        if len(here) > 1:
            raise refuse(f"I do not know which you mean: music plays on {listed([called(one, among=here) for one in here])}")
        try:
            played = await self._players.move(here[0].device_id, there.device_id)
        except LinkError as error:
            return failed(error.sentence)
        title = played.attributes.get("media_title")
        return done(sentence(f"Playing {title or 'it'} on {called(there)}"))

    def _allowed(self, player: Device, intent: Intent, context: Context) -> Device:
        """The player, if the household's policy lets whoever speaks play there. Raises UnfulfillableError."""
        question = f"Play that on {called(player)}?"
        confirm(self._inside, act=Act.MUSIC, intent=intent, context=context, question=question, device_id=player.device_id)
        return player

    def _names(self, player: Device) -> tuple[Music, ...]:
        try:
            names = self._players.names(player.device_id)
        except LinkError as error:
            raise UnfulfillableError(failed(error.sentence)) from error
        if not names:
            raise refuse(f"There is no music on {called(player)} yet")
        return names

    def _wanted(self, intent: Intent, context: Context, *, player: Device) -> Music:
        """The one piece of music that is meant. Raises UnfulfillableError: there is none, or which one."""
        names = self._names(player)
        said = slot_text(intent.slots, "search_query")
        spoken_kind = slot_text(intent.slots, "media_class").casefold()
        kind = _KINDS.get(spoken_kind)
        if kind is not None and said.startswith("s "):  # "songs by ..." was taken for a song called "s by ..."
            kind, said = None, f"{spoken_kind}{said}"
        if _ANYTHING.match(said.casefold()) and kind is None:
            return _any_of(names)
        if kind is None and (own := _OWN_WORD.match(said)) is not None:
            kind, said = _KINDS[own["kind"].casefold()], own["what"]
        near: list[Music] = []
        for way in _ways(said, kind=kind, names=names):
            if way.best is not None:
                return _music_of(way.best, names)
            near += [_music_of(one, names) for one in way.near if len(near) < 2]
        if near:
            options = listed([_called(one) for one in dict.fromkeys(near)], last="or")
            kinds = {one.kind for one in near}
            slots = {name: value for name, value in intent.slots.items() if name != "media_class"}
            open_intent = replace(intent, slots=slots | ({"media_class": near[0].kind.value} if len(kinds) == 1 else {}))
            raise ask(f"Did you mean {options}?", slot="search_query", intent=open_intent, context=context)
        raise refuse(f"There is no {kind or 'music'} called {said} on {called(player)}")


def _knows_sources_alone(player: Device) -> bool:
    """A receiver or a television: what it is set to can be chosen by name, but it is meant only where it is named."""
    return "source_list" in player.attributes


def _is_set_to(player: Device, wanted: Music) -> bool:
    """Whether it reports that it is on, and set to that source: such a player does not say whether anything is heard."""
    return player.state == "on" and player.attributes.get("source") == wanted.name


def _stands_in(player: Device, area: str | None) -> bool:
    return area is not None and player.area is not None and is_same(player.area, area)


def _ways(said: str, *, kind: MusicKind | None, names: Sequence[Music]) -> Iterable[Match]:
    """What may be meant, the most certain way to read it first."""
    if kind is not None:
        yield _found(said, [one for one in names if one.kind is kind])
        return
    if (of := _MUSIC_OF.match(said)) is not None:
        yield _found(of["who"], [one for one in names if one.kind is MusicKind.ARTIST])
        return
    yield _exactly(said, names)
    if (by := _BY.match(said)) is not None:
        artist = _found(by["who"], [one for one in names if one.kind is MusicKind.ARTIST]).best
        if artist is not None:
            hers = [one for one in names if one.by == artist.names[0] and one.kind in (MusicKind.TRACK, MusicKind.ALBUM)]
            yield _found(by["what"], hers)
    some = _SOME.match(said)
    if some is not None and some["what"] != said:
        yield _exactly(some["what"], names)
        yield _found(some["what"], [one for one in names if one.kind in (MusicKind.GENRE, MusicKind.ARTIST, MusicKind.STATION)])
    yield _found(said, names)


def _exactly(said: str, names: Sequence[Music]) -> Match:
    """What has just this name; of several kinds the one that is usually meant."""
    same = sorted((one for one in names if is_same(said, one.name)), key=lambda one: _ORDER.index(one.kind))
    return Match(best=_named(same[0]) if same else None, near=(), score=1.0 if same else 0.0)


def _found(said: str, names: Sequence[Music]) -> Match:
    exact = _exactly(said, names)
    return exact if exact.best is not None else matched(said, [_named(one) for one in names])


def _named(one: Music) -> Named:
    return Named(key=f"{one.kind}\n{one.name}\n{one.by}", names=(one.name,))


def _music_of(named: Named, names: Sequence[Music]) -> Music:
    kind, name, by = named.key.split("\n")
    return Music(kind=MusicKind(kind), name=name, by=by)


def _any_of(names: Sequence[Music]) -> Music:
    """Everything, mixed; a station where there is nothing else."""
    if any(one.kind is MusicKind.TRACK for one in names):
        return Music(kind=MusicKind.ALL, name="")
    return names[0]


def _called(one: Music) -> str:
    words = f"the {one.kind.value} {one.name}" if one.kind in (MusicKind.ALBUM, MusicKind.PLAYLIST) else one.name
    return f"{words} by {one.by}" if one.by else words


def _told(wanted: Music, played: Device) -> str:
    """What plays, as the player reports it, after what was asked for unless that is the same."""
    title, artist = str(played.attributes.get("media_title", "")), str(played.attributes.get("media_artist", ""))
    piece = f"{title} by {artist}" if title and artist else title
    match wanted.kind:
        case MusicKind.TRACK | MusicKind.ALL:
            return piece or _called(wanted) or "music"
        case _:
            asked = f"{wanted.name} music" if wanted.kind is MusicKind.GENRE else _called(wanted)
            return f"{asked}, first {title}" if title and not is_same(title, wanted.name) else asked


def _what(player: Device, *, is_only: bool) -> str:
    title, artist = player.attributes.get("media_title"), player.attributes.get("media_artist")
    album = player.attributes.get("media_album_name")
    if not title:
        return sentence(f"{called(player)} does not say what it plays")
    words = f"{title} by {artist}" if artist else f"{title}"
    words = f"{words}, from {album}" if album and artist else words
    return sentence(f"This is {words}" if is_only else f"{called(player)} plays {words}")


def make(parts: Parts) -> Skill:
    return MusicSkill(parts.home, parts.inside)
