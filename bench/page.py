"""The page of figures, docs/benchmarks.md: each benchmark writes its own section between markers, exactly as it printed it."""

import os
import platform
import re
from pathlib import Path

from earwitness import __version__

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
DATA_VARIABLE = "EARWITNESS_DATA"


def data_folder() -> Path:
    """The folder with the evaluation data: $EARWITNESS_DATA, else ../shared/data from here. Exits if there is none."""
    folder = Path(os.environ.get(DATA_VARIABLE, ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        raise SystemExit(f"There is no evaluation data at {folder}; set {DATA_VARIABLE} to its folder.")
    return folder


def machine() -> str:
    """The machine in one sentence: processor, cores, memory, Python."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[0]
    return (
        f"Earwitness {__version__}, {_processor()}, {cores} cores, {memory:.0f} GB, Python {platform.python_version()}; "
        f"load when it began {load:.1f}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, its columns padded so that it reads well in a terminal too."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def publish(section: str, text: str) -> None:
    """Print the text and put it between the section's markers. Raises ValueError if the page has no such markers."""
    print(text)
    page = PAGE.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {section} -->\n).*?(<!-- end of {section} -->)", re.DOTALL)
    if not marked.search(page):
        raise ValueError(f"{PAGE} has no section {section}")
    PAGE.write_text(marked.sub(lambda match: f"{match[1]}\n{text.strip()}\n\n{match[2]}", page), encoding="utf-8")
