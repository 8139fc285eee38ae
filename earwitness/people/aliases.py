"""Aliases: two words and a number that stand for a person where no name may be. Random, so that nothing follows from them."""

import secrets
from typing import Final

_HOW: Final = (
    "amber", "brisk", "calm", "dappled", "early", "faint", "gentle", "hazel", "idle", "jolly", "keen", "lively",
    "mellow", "nimble", "olive", "pale", "quiet", "rapid", "silver", "tidy", "umber", "vivid", "warm", "young",
)  # fmt: skip
_WHO: Final = (
    "badger", "curlew", "dunlin", "egret", "finch", "gannet", "heron", "ibis", "jackdaw", "kestrel", "lapwing", "marten",
    "newt", "otter", "plover", "quail", "robin", "siskin", "tern", "urchin", "vole", "wren", "yak", "zander",
)  # fmt: skip


def new_alias() -> str:
    """Such as "quiet-heron-4821"."""
    return f"{secrets.choice(_HOW)}-{secrets.choice(_WHO)}-{secrets.randbelow(9000) + 1000}"
