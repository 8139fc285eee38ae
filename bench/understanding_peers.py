"""Another open parser, asked the same sentences: padacioso of OpenVoiceOS, in an environment of its own, without ours.

Reads JSON lines from standard input: first {"intents": {name: [patterns]}}, then {"text": …}. Writes a line of JSON for each:
the intent or null, and milliseconds of processor time; first the seconds that adding the patterns took.

padacioso starts new processes for every question, which takes longer than matching; here it gets a thread in their place. What it
matches, and how, is its own.
"""

import concurrent.futures
import json
import sys
import time
from importlib import import_module


def main() -> None:
    """Answer until the input ends."""
    concurrent.futures.ProcessPoolExecutor = concurrent.futures.ThreadPoolExecutor  # type: ignore[misc,assignment]
    container = import_module("padacioso").IntentContainer(fuzz=False, n_workers=1)
    began = time.process_time()
    for name, patterns in json.loads(sys.stdin.readline())["intents"].items():
        container.add_intent(name, patterns)
    print(json.dumps({"seconds": time.process_time() - began}), flush=True)
    for line in sys.stdin:
        began = time.process_time()
        found = container.calc_intent(json.loads(line)["text"].lower()) or {}
        print(json.dumps({"intent": found.get("name"), "ms": (time.process_time() - began) * 1000}), flush=True)


if __name__ == "__main__":
    main()
