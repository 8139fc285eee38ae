"""Media players: next, previous, pause, resume, volume, mute. Plans only. "Playing" is said only of what a player reports."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.skills.devices import percent_slot
from earwitness.skills.interface import Parts, Skill, ask, refuse, slot_text
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import called, find, is_same
from earwitness.skills.wording import listed, number

VOLUME_STEP: Final = 10
_PLAYING: Final = ("playing", "buffering")


def _player(intent: Intent, home: Home, context: Context, *, prefer: Sequence[Collection[str]], otherwise: str) -> Device:
    """The one player that is meant: named, or in the room, whose state fits best. Asks when two fit alike.

    `otherwise` is what to say when none is in one of those states; `{}` stands for the player, or for where it was sought.
    """
    slots = dict(intent.slots)
    said_area = slot_text(slots, "area") or context.area or ""
    is_here = context.area is not None and is_same(said_area, context.area)
    has_any_here = any(d.domain == "media_player" and d.area and is_same(d.area, said_area) for d in home.devices)
    if said_area and not slot_text(slots, "name") and (has_any_here or not is_here):
        slots["area"] = said_area
    elif is_here:
        slots.pop("area", None)
    target = find(replace(intent, slots=slots), home=home, context=context, domains=("media_player",))
    if len(target.devices) == 1 and target.devices[0].state == "off":
        raise refuse(f"{called(target.devices[0])} is off")
    for states in prefer:
        fitting = [device for device in target.devices if device.state in states]
        if fitting:
            return _only(fitting, intent=intent, context=context)
    raise refuse(
        otherwise.format(f"on {called(target.devices[0])}" if len(target.devices) == 1 else target.place.strip()).strip()
    )


def _only(players: Sequence[Device], *, intent: Intent, context: Context) -> Device:
    own = [player for player in players if context.device_id is not None and player.device_id.endswith(f"/{context.device_id}")]
    if len(players) == 1 or len(own) == 1:
        return (own or list(players))[0]
    options = listed([called(player, among=players) for player in players], last="or")
    raise ask(f"Which one: {options}?", slot="name", intent=intent, context=context)


def _say_playing(confirmed: Sequence[Confirmed]) -> str:
    device = confirmed[0].device
    title = device.attributes.get("media_title")
    return f"Playing {title} on {called(device)}" if title else f"{called(device)} is playing"


def _skip(intent: Intent, home: Home, context: Context, *, tracks: int) -> Plan:
    player = _player(intent, home, context, prefer=(_PLAYING, ("paused",)), otherwise="nothing is playing {}")
    return Plan(steps=(Step(device=player, state="playing", skip=tracks),), say=_say_playing)


def next_track(intent: Intent, home: Home, context: Context) -> Plan:
    """HassMediaNext."""
    return _skip(intent, home, context, tracks=1)


def previous_track(intent: Intent, home: Home, context: Context) -> Plan:
    """HassMediaPrevious."""
    return _skip(intent, home, context, tracks=-1)


def pause(intent: Intent, home: Home, context: Context) -> Plan:
    """HassMediaPause."""
    player = _player(intent, home, context, prefer=(_PLAYING, ("paused",)), otherwise="nothing is playing {}")
    already = "already " if player.state == "paused" else ""
    return Plan(
        steps=(Step(device=player, state="paused"),), say=lambda confirmed: f"{called(confirmed[0].device)} is {already}paused"
    )


def resume(intent: Intent, home: Home, context: Context) -> Plan:
    """HassMediaUnpause."""
    player = _player(
        intent, home, context, prefer=(("paused",), _PLAYING, ("idle", "on", "standby")), otherwise="nothing is paused {}"
    )
    return Plan(steps=(Step(device=player, state="playing"),), say=_say_playing)


def _set_volume(player: Device, *, volume: float) -> Plan:
    def say(confirmed: tuple[Confirmed, ...]) -> str:
        device = confirmed[0].device
        return f"The volume of {called(device)} is {number(device.attributes['volume'])} percent"

    return Plan(steps=(Step(device=player, attributes={"volume": volume}),), say=say)


def set_volume(intent: Intent, home: Home, context: Context) -> Plan:
    """HassSetVolume: `volume_level` in percent."""
    return _set_volume(_audible(intent, home, context), volume=percent_slot(intent, "volume_level"))


def change_volume(intent: Intent, home: Home, context: Context) -> Plan:
    """HassSetVolumeRelative: `volume_step` is up, down, or percent points."""
    player = _audible(intent, home, context)
    said = slot_text(intent.slots, "volume_step").casefold()
    try:
        step = {"up": VOLUME_STEP, "down": -VOLUME_STEP}.get(said) or float(said)
    except ValueError:
        raise refuse("I did not catch whether the volume goes up or down") from None
    now = player.attributes.get("volume")
    if not isinstance(now, int | float):
        raise refuse(f"{called(player)} does not report its volume")
    if now >= 100 and step > 0:
        raise refuse(f"{called(player)} is already as loud as it gets")
    if now <= 0 and step < 0:
        raise refuse(f"{called(player)} is already silent")
    after = min(100.0, max(0.0, now + step))
    return _set_volume(player, volume=int(after) if float(after).is_integer() else after)


def _audible(intent: Intent, home: Home, context: Context) -> Device:
    return _player(
        intent, home, context, prefer=(_PLAYING, ("paused",), ("idle", "on", "standby")), otherwise="nothing is switched on {}"
    )


def _set_muted(intent: Intent, home: Home, context: Context, *, is_muted: bool) -> Plan:
    player = _audible(intent, home, context)
    words = {True: "muted", False: "no longer muted"}

    def say(confirmed: tuple[Confirmed, ...]) -> str:
        return f"{called(confirmed[0].device)} is {words[bool(confirmed[0].device.attributes['is_muted'])]}"

    return Plan(steps=(Step(device=player, attributes={"is_muted": is_muted}),), say=say)


def mute(intent: Intent, home: Home, context: Context) -> Plan:
    """HassMediaPlayerMute."""
    return _set_muted(intent, home, context, is_muted=True)


def unmute(intent: Intent, home: Home, context: Context) -> Plan:
    """HassMediaPlayerUnmute."""
    return _set_muted(intent, home, context, is_muted=False)


PLANNERS: Final[Mapping[str, Planner]] = {
    "HassMediaNext": next_track,
    "HassMediaPrevious": previous_track,
    "HassMediaPause": pause,
    "HassMediaUnpause": resume,
    "HassSetVolume": set_volume,
    "HassSetVolumeRelative": change_volume,
    "HassMediaPlayerMute": mute,
    "HassMediaPlayerUnmute": unmute,
}


def make(parts: Parts) -> Skill:
    return PlannedSkill(PLANNERS, parts)
