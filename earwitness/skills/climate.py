"""Setting temperatures, and telling them. Temperatures are in degrees Celsius unless the home says otherwise."""

from collections.abc import Mapping, Sequence
from typing import Final

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.skills.interface import Parts, Skill, ask, refuse, slot_text
from earwitness.skills.plan import Confirmed, Plan, PlannedSkill, Planner, Step
from earwitness.skills.resolve import Target, called, find, is_same
from earwitness.skills.wording import be, degrees, listed, number, sentence, the

LOWEST_DEGREES: Final = 5
HIGHEST_DEGREES: Final = 35
DEGREES_STEP: Final = 1.0
"""What "warmer" means."""
_NOWHERE: Final = ("name", "area", "floor")


def set_temperature(intent: Intent, home: Home, context: Context) -> Plan:
    """HassClimateSetTemperature: the target temperature, within what the thermostat can do."""
    try:
        wanted = float(str(intent.slots.get("temperature")))
    except ValueError:
        raise refuse("I did not catch how many degrees") from None
    target = _thermostats(intent, home, context)
    for device in target.devices:
        lowest, highest = _bounds(device)
        if not lowest <= wanted <= highest:
            raise refuse(f"{called(device)} goes from {number(lowest)} to {degrees(highest)}")
    value = int(wanted) if wanted.is_integer() else wanted
    return Plan(steps=tuple(Step(device=device, attributes={"temperature": value}) for device in target.devices), say=_say)


def change_temperature(intent: Intent, home: Home, context: Context) -> Plan:
    """ChangeTemperature: `direction` up or down, by `step` degrees, within what the thermostat can do."""
    up = slot_text(intent.slots, "direction") != "down"
    said = slot_text(intent.slots, "step")
    step = float(said) if said.replace(".", "", 1).isdigit() else DEGREES_STEP
    target = _thermostats(intent, home, context)
    steps = []
    for device in target.devices:
        now = device.attributes.get("temperature")
        if isinstance(now, bool) or not isinstance(now, int | float):
            raise refuse(f"{called(device)} does not report what it is set to")
        if device.state == "off":
            raise refuse(f"{called(device)} is off")
        lowest, highest = _bounds(device)
        wanted = min(highest, max(lowest, now + (step if up else -step)))
        if wanted == now:
            raise refuse(f"{called(device)} cannot be set any {'higher' if up else 'lower'}")
        value = int(wanted) if float(wanted).is_integer() else wanted
        steps.append(Step(device=device, attributes={"temperature": value}))
    return Plan(steps=tuple(steps), say=_say)


def _bounds(device: Device) -> tuple[float, float]:
    low, high = device.attributes.get("min_temp", LOWEST_DEGREES), device.attributes.get("max_temp", HIGHEST_DEGREES)
    return (
        low if isinstance(low, int | float) else LOWEST_DEGREES,
        high if isinstance(high, int | float) else HIGHEST_DEGREES,
    )


def _say(confirmed: Sequence[Confirmed]) -> str:
    everyone = [each.device for each in confirmed]
    by_words: dict[str, list[Device]] = {}
    for device in everyone:
        suffix = ", but off" if device.state == "off" else ""
        by_words.setdefault(f"set to {degrees(device.attributes['temperature'])}{suffix}", []).append(device)
    clauses = []
    for words, devices in by_words.items():
        names = listed([called(device, among=everyone) for device in devices])
        clauses.append(f"{names} {be([device.name for device in devices])} {words}")
    return listed(clauses)


def _thermostats(intent: Intent, home: Home, context: Context) -> Target:
    """Those that the sentence names; else those of this room; else the only one of the home."""
    everyone = tuple(device for device in home.devices if device.domain == "climate")
    said_area = slot_text(intent.slots, "area")
    is_here = bool(said_area) and context.area is not None and is_same(said_area, context.area)
    if any(slot_text(intent.slots, slot) for slot in _NOWHERE) and not is_here:
        return find(intent, home=home, context=context, domains=("climate",))
    here = tuple(device for device in everyone if context.area is not None and device.area == context.area)
    if here or len(everyone) == 1:
        return Target(devices=here or everyone)
    if not everyone:
        raise refuse("There is no thermostat in this home")
    raise ask("In which room?", slot="area", intent=intent, context=context)


def temperature_reply(intent: Intent, home: Home, context: Context) -> str:
    """HassClimateGetTemperature: what a thermostat, or else a temperature sensor, reads. Raises UnfulfillableError."""
    said_area = slot_text(intent.slots, "area") or (context.area or "" if not slot_text(intent.slots, "name") else "")
    if said_area:
        for device in home.devices:
            if device.area and is_same(_area_of(home, said_area), device.area) and (reading := _reading(device)) is not None:
                return sentence(f"It is {degrees(reading)} in {the(device.area)}")
        if slot_text(intent.slots, "area") and not (context.area and is_same(said_area, context.area)):
            raise refuse(f"Nothing in {the(said_area)} reports a temperature")
        intent = Intent(name=intent.name, slots={k: v for k, v in intent.slots.items() if k != "area"})
    device = _thermostats(intent, home, Context()).devices[0]
    reading = _reading(device)
    if reading is None:
        raise refuse(f"{called(device)} does not report a temperature")
    return sentence(f"{called(device)} reads {degrees(reading)}")


def _area_of(home: Home, said: str) -> str:
    for area in home.areas:
        if any(is_same(said, word) for word in (area.name, *area.aliases)):
            return area.name
    raise refuse(f"I do not know a room called {said}")


def _reading(device: Device) -> float | None:
    if device.domain == "climate":
        value = device.attributes.get("current_temperature")
        return value if isinstance(value, int | float) else None
    if device.domain == "sensor" and device.device_class == "temperature":
        try:
            return float(device.state)
        except ValueError:
            return None
    return None


PLANNERS: Final[Mapping[str, Planner]] = {
    "HassClimateSetTemperature": set_temperature,
    "ChangeTemperature": change_temperature,
}


def make(parts: Parts) -> Skill:
    return PlannedSkill(PLANNERS, parts)
