"""Names of colours, and the hue and saturation that lights report for them; percentages of other scales. Pure."""

import colorsys
import math
from collections.abc import Sequence
from typing import Final

COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "orange": (255, 165, 0),
    "gold": (255, 215, 0),
    "yellow": (255, 255, 0),
    "lime": (0, 255, 0),
    "green": (0, 128, 0),
    "turquoise": (64, 224, 208),
    "teal": (0, 128, 128),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
    "violet": (238, 130, 238),
    "purple": (128, 0, 128),
    "magenta": (255, 0, 255),
    "pink": (255, 192, 203),
    "brown": (165, 42, 42),
}
"""Names as CSS has them, which is what Home Assistant takes. A light has no brightness of colour: brown shines as a red."""

_PLAIN: Final = ("white", "red", "orange", "yellow", "green", "turquoise", "cyan", "blue", "violet", "magenta", "pink")
"""By which a colour is called that nobody asked for by name."""


def hue_of(colour: str) -> tuple[float, float] | None:
    """Hue in degrees and saturation in percent of a named colour; None for a name that is not known."""
    rgb = COLOURS.get(colour.casefold())
    if rgb is None:
        return None
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    return hue * 360, saturation * 100


def is_near(colour: str, hs: Sequence[float]) -> bool:
    """Whether a light that reports this hue and saturation shines in that colour, as far as lights can."""
    wanted = hue_of(colour)
    return wanted is not None and _distance(wanted, hs) < 18


def name_of(hs: object, *, asked: str = "") -> str:
    """What a reported hue and saturation are called: as asked for, if that is near, else the nearest; empty for no colour."""
    if not isinstance(hs, list | tuple) or len(hs) != 2 or not all(isinstance(part, int | float) for part in hs):
        return ""
    if asked and is_near(asked, hs):
        return asked
    return min(_PLAIN, key=lambda name: _distance(hue_of(name) or (0.0, 0.0), hs))


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Between two points in the circle of hues, whose radius is 100."""
    turn = abs(one[0] - other[0]) % 360
    around = min(turn, 360 - turn)
    return float(abs(one[1] - other[1]) + around * min(one[1], other[1]) / 100)


def percent(value: object, *, of: float) -> int | None:
    """A number of the scale 0 to `of` as a whole percentage; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or of <= 0:
        return None
    return min(100, max(0, round(value / of * 100)))


def rgb_of(hue: float, saturation: float) -> tuple[int, int, int]:
    """Red, green and blue from 0 to 255, at full brightness."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, min(100.0, max(0.0, saturation)) / 100, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def hs_of_rgb(rgb: Sequence[float]) -> tuple[float, float]:
    """Hue in degrees and saturation in percent."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(min(255.0, max(0.0, float(part))) / 255 for part in rgb[:3]))
    return hue * 360, saturation * 100


def xy_of(hue: float, saturation: float) -> tuple[float, float]:
    """The point of CIE 1931 for a hue and saturation (sRGB primaries, D65; IEC 61966-2-1)."""
    red, green, blue = (_linear(part / 255) for part in rgb_of(hue, saturation))
    x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    total = x + y + z
    return (round(x / total, 4), round(y / total, 4)) if total else (0.3127, 0.3290)


def hs_of_xy(x: float, y: float) -> tuple[float, float]:
    """Hue and saturation of a point of CIE 1931, as bright as it can be."""
    if y <= 0:
        return 0.0, 0.0
    wide, deep = x / y, (1 - x - y) / y
    linear = (
        3.2406 * wide - 1.5372 - 0.4986 * deep,
        -0.9689 * wide + 1.8758 + 0.0415 * deep,
        0.0557 * wide - 0.2040 + 1.0570 * deep,
    )
    most = max(linear)
    if most <= 0:
        return 0.0, 0.0
    return hs_of_rgb([_gamma(max(0.0, part / most)) * 255 for part in linear])


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else float(1.055 * part ** (1 / 2.4) - 0.055)
