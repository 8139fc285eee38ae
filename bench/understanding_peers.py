"""Another open parser, asked the same sentences: padacioso of OpenVoiceOS, in an environment of its own, without ours.

Reads JSON lines from standard input: first {"intents": {name: [patterns]}}, then {"text": …}. Writes a line of JSON for each:
the intent or null, and milliseconds of processor time; first the seconds that adding the patterns took.
"""

import json
import resource
import sys
import time
from importlib import import_module


def main() -> None:
    """Answer until the input ends."""
    container = import_module("padacioso").IntentContainer(fuzz=False, n_workers=1)
    began = _spent()
    for name, patterns in json.loads(sys.stdin.readline())["intents"].items():
        container.add_intent(name, patterns)
    print(json.dumps({"seconds": _spent() - began}), flush=True)
    for line in sys.stdin:
        began = _spent()
        found = container.calc_intent(json.loads(line)["text"].lower()) or {}
        print(json.dumps({"intent": found.get("name"), "ms": (_spent() - began) * 1000}), flush=True)


def _spent() -> float:
    """Seconds of processor time, of this process and those that it starts for every question."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
