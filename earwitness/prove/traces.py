"""Looks for traces of what was said in the raw bytes of files, in every form in which words and sound could have got there."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path


def forms(text: str) -> tuple[bytes, ...]:
    """A text as it may lie in a file: UTF-8, UTF-16, JSON, and base64 at each of its three offsets; lower-cased where letters."""
    plain = text.lower().encode()
    inner = [base64.b64encode(b"\0" * pad + plain)[4 if pad else 0 : -4].lower() for pad in range(3)]
    wide = (text.lower().encode("utf-16-le"), text.lower().encode("utf-16-be"))
    return tuple(dict.fromkeys((plain, *wide, json.dumps(text.lower())[1:-1].encode(), *inner)))


def hits(folder: Path, *, texts: Iterable[str] = (), sounds: Mapping[str, bytes] | None = None) -> list[str]:
    """Which files of a folder hold one of the texts, or one of the byte strings that are given by name."""
    wanted = [(text, form) for text in texts for form in forms(text)]
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        lowered = data.lower()
        found += [f"{path.name}: {text}" for text, form in wanted if form in lowered]
        found += [f"{path.name}: {name}" for name, piece in (sounds or {}).items() if piece in data]
    return found


def loudest(pcm: bytes, *, samples: int = 64) -> bytes:
    """A distinctive piece of sound: the samples around the loudest one."""
    values = memoryview(pcm).cast("h")
    peak = max(range(len(values)), key=lambda at: abs(values[at]))
    start = max(0, min(peak - samples // 2, len(values) - samples))
    return pcm[2 * start : 2 * (start + samples)]
