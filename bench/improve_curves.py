"""Learning curves as a picture: errors against how many judgements taught, as SVG. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 340, 60, 190, 40, 50
INSET = 24
"""The first figure stands beside the percentages, not over them."""
_STYLE = "font-family:system-ui,sans-serif;font-size:12px;fill:#1d2433"
_INKS = ("#1f5fa8", "#b4401f", "#2f7d4f")

Point = tuple[int, float]
"""How many judgements, and the share of errors, 0 to 1."""


def drawn(curves: Mapping[str, Sequence[Point]], *, title: str, about: str) -> str:
    """The picture; a line for each curve, told apart by its marks and its name as well as by colour."""
    last = max(count for points in curves.values() for count, _ in points)
    top = max(share for points in curves.values() for _, share in points) * 1.15
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d" '
        f'style="{_STYLE}">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(about)}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" style="font-weight:600">{escape(title)}</text>',
    ]
    for step in range(5):
        share = top * step / 4
        y = _y(share, top)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e6ec"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>')
    counts = sorted({count for points in curves.values() for count, _ in points})
    low = HEIGHT - BOTTOM + 20
    parts += [f'<text x="{_x(count, last):.1f}" y="{low}" text-anchor="middle">{count}</text>' for count in counts]
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">judgements learned from</text>')
    for at, (name, points) in enumerate(curves.items()):
        parts += _curve(at, name, [(_x(count, last), _y(share, top), share) for count, share in points])
    return "\n".join([*parts, "</svg>", ""])


def _curve(at: int, name: str, points: Sequence[tuple[float, float, float]]) -> list[str]:
    ink, dash = _INKS[at % len(_INKS)], ("", "6 3", "2 3")[at % 3]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2" stroke-dasharray="{dash}"/>']
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{ink}"/>' for x, y, _ in points]
    parts += [f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{100 * share:.1f}</text>' for x, y, share in points]
    x, y, _ = points[-1]
    return [*parts, f'<text x="{x + 10:.1f}" y="{y + 4:.1f}" style="fill:{ink}">{escape(name)}</text>']


def _x(count: int, last: int) -> float:
    return LEFT + INSET + (WIDTH - LEFT - INSET - RIGHT) * count / last


def _y(share: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / top
