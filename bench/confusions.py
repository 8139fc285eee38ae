"""A picture of what is taken for what: skills that were meant against skills that were understood, as SVG. Pure."""

from collections import Counter
from collections.abc import Mapping
from html import escape

CELL, LEFT, TOP = 26, 150, 120
_STYLE = "font-family:system-ui,sans-serif;font-size:12px;fill:#1d2433"


def drawn(counts: Mapping[tuple[str, str], int], *, title: str, about: str) -> str:
    """The picture. `counts` has how often (meant, understood) came; every cell tells its share of what was meant, in per cent."""
    rows = sorted({meant for meant, _ in counts})
    columns = [*rows, *sorted({heard for _, heard in counts} - set(rows))]
    totals = Counter[str]()
    for (meant, _), count in counts.items():
        totals[meant] += count
    width, height = LEFT + CELL * len(columns) + 20, TOP + CELL * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d" '
        f'style="{_STYLE}">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(about)}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for at, name in enumerate(columns):
        x = LEFT + CELL * at + CELL / 2
        parts.append(f'<text transform="translate({x + 4:.0f} {TOP - 8}) rotate(-60)">{escape(name)}</text>')
    for at, meant in enumerate(rows):
        y = TOP + CELL * at
        parts.append(f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(meant)} ({totals[meant]})</text>')
        parts += [
            _cell(LEFT + CELL * column, y, counts.get((meant, heard), 0), totals[meant], is_right=meant == heard)
            for column, heard in enumerate(columns)
        ]
    return "\n".join([*parts, "</svg>", ""])


def _cell(x: int, y: int, count: int, total: int, *, is_right: bool) -> str:
    share = count / total if total else 0.0
    color = "36,110,80" if is_right else "180,60,40"
    alpha = 0.0 if not count else 0.15 + 0.75 * share
    box = f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="rgba({color},{alpha:.2f})" stroke="#e3e6ec"/>'
    if not count:
        return box
    ink = "#ffffff" if share > 0.55 else "#1d2433"
    text = f"{100 * share:.0f}" if share >= 0.005 else "·"
    return f'{box}<text x="{x + CELL / 2:.0f}" y="{y + 17}" text-anchor="middle" style="fill:{ink};font-size:11px">{text}</text>'
