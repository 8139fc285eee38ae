"""The words that people use for kinds of devices and their states, and Home Assistant's word for each. Data and lookups only."""

from typing import Final

DOMAINS: Final[frozenset[str]] = frozenset(
    {
        "alarm_control_panel",
        "automation",
        "binary_sensor",
        "button",
        "camera",
        "climate",
        "cover",
        "fan",
        "humidifier",
        "input_boolean",
        "input_button",
        "lawn_mower",
        "light",
        "lock",
        "media_player",
        "person",
        "remote",
        "scene",
        "script",
        "sensor",
        "siren",
        "switch",
        "timer",
        "todo",
        "vacuum",
        "valve",
        "water_heater",
        "weather",
        "zone",
        "input_number",
        "input_select",
        "number",
        "select",
    }
)

_KINDS: Final[dict[str, tuple[str, str]]] = {
    "lamp": ("light", ""),
    "bulb": ("light", ""),
    "chandelier": ("light", ""),
    "spotlight": ("light", ""),
    "led strip": ("light", ""),
    "smart lock": ("lock", ""),
    "door lock": ("lock", ""),
    "deadbolt": ("lock", ""),
    "awning": ("cover", "awning"),
    "blind": ("cover", "blind"),
    "curtain": ("cover", "curtain"),
    "drape": ("cover", "curtain"),
    "shade": ("cover", "shade"),
    "shutter": ("cover", "shutter"),
    "garage": ("cover", "garage"),
    "garage door": ("cover", "garage"),
    "gate": ("cover", "gate"),
    "window": ("cover", "window"),
    "thermostat": ("climate", ""),
    "heating": ("climate", ""),
    "heater": ("climate", ""),
    "radiator": ("climate", ""),
    "air conditioner": ("climate", ""),
    "air conditioning": ("climate", ""),
    "ac": ("climate", ""),
    "tv": ("media_player", "tv"),
    "television": ("media_player", "tv"),
    "speaker": ("media_player", "speaker"),
    "radio": ("media_player", "speaker"),
    "stereo": ("media_player", "speaker"),
    "receiver": ("media_player", "receiver"),
    "media player": ("media_player", ""),
    "player": ("media_player", ""),
    "ceiling fan": ("fan", ""),
    "ventilator": ("fan", ""),
    "outlet": ("switch", "outlet"),
    "plug": ("switch", "outlet"),
    "socket": ("switch", "outlet"),
    "coffee machine": ("switch", ""),
    "coffee maker": ("switch", ""),
    "kettle": ("switch", ""),
    "robot vacuum": ("vacuum", ""),
    "hoover": ("vacuum", ""),
    "mower": ("lawn_mower", ""),
    "thermometer": ("sensor", "temperature"),
    "temperature sensor": ("sensor", "temperature"),
    "humidity sensor": ("sensor", "humidity"),
    "motion sensor": ("binary_sensor", "motion"),
    "motion": ("binary_sensor", "motion"),
    "door sensor": ("binary_sensor", "door"),
    "window sensor": ("binary_sensor", "window"),
    "smoke detector": ("binary_sensor", "smoke"),
    "tap": ("valve", "water"),
}

_RESTING: Final[dict[str, str]] = {
    "light": "off",
    "switch": "off",
    "fan": "off",
    "input_boolean": "off",
    "binary_sensor": "off",
    "lock": "locked",
    "cover": "closed",
    "valve": "closed",
    "climate": "heat",
    "media_player": "idle",
    "vacuum": "docked",
    "lawn_mower": "docked",
    "person": "home",
}

_SPOKEN_STATES: Final[dict[str, dict[str, str]]] = {
    "lock": {"on": "locked", "off": "unlocked", "true": "locked", "false": "unlocked", "closed": "locked", "open": "unlocked"},
    "cover": {"on": "open", "off": "closed", "true": "open", "false": "closed", "shut": "closed", "opened": "open"},
    "valve": {"on": "open", "off": "closed", "true": "open", "false": "closed", "shut": "closed"},
    "climate": {"on": "heat", "true": "heat", "false": "off", "heating": "heat", "cooling": "cool"},
    "media_player": {"true": "on", "false": "off", "play": "playing", "pause": "paused", "stopped": "idle"},
}
_BOOLEANS: Final[dict[str, str]] = {"true": "on", "false": "off", "yes": "on", "no": "off", "y": "on", "n": "off"}


def kind(word: str) -> tuple[str, str] | None:
    """The domain and device class that `word` ("lamp", "Blinds", "media_player") stands for; None if it is not known."""
    plain = " ".join(word.casefold().replace("_", " ").replace("-", " ").split())
    for form in (plain, plain.removesuffix("s"), plain.removesuffix("es")):
        if form.replace(" ", "_") in DOMAINS:
            return form.replace(" ", "_"), ""
        if form in _KINDS:
            return _KINDS[form]
    return None


def kind_in(name: str) -> tuple[str, str] | None:
    """The kind that a device's name tells: "Bed Light" is a light. The last words say it."""
    words = name.split()
    for count in (2, 1):
        found = kind(" ".join(words[-count:])) if len(words) >= count else None
        if found is not None:
            return found
    return None


def state_word(word: str, *, domain: str) -> str:
    """A state as Home Assistant writes it, from what a person wrote ("On", "yes", "shut")."""
    plain = word.strip()
    low = plain.casefold().replace(" ", "_")
    by_domain = _SPOKEN_STATES.get(domain, {})
    if low in by_domain:
        return by_domain[low]
    if low in _BOOLEANS:
        return by_domain.get(_BOOLEANS[low], _BOOLEANS[low])
    return low if domain in _RESTING and domain != "person" else plain


def resting_state(domain: str) -> str:
    """The state of a device that the file says nothing about."""
    return _RESTING.get(domain, "unknown")
