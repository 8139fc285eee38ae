"""Processes that stand in for the one that telephones, and misbehave as their argument says. Frames on standard streams."""

import os
import sys
import time

from earwitness.links import sip_wire as wire


def main(how: str) -> None:
    out = sys.stdout.buffer
    frames = wire.Reader()

    def tell(**what: object) -> None:
        out.write(wire.message(what))
        out.flush()

    if how == "not installed":
        sys.exit(wire.NOT_INSTALLED)
    if how == "nonsense":
        out.write(b"\xff" * 64)
        out.flush()
    if how == "huge":
        out.write(b"\x00\x7f\xff\xff\xff")
        out.flush()
    if how == "strange":
        tell(**{"is": "king"})
    if how == "deaf":
        time.sleep(60)
    while data := os.read(0, 65536):
        for frame in frames.read(data):
            if isinstance(frame, wire.Sound):
                out.write(wire.sound(frame.call, frame.chunk))
                out.flush()
            elif frame["do"] == "open":
                tell(**{"is": "line", "state": "ready"})
                if how == "rings":
                    tell(**{"is": "incoming", "call": 2, "from": "sip:+4930111;x=y@h"})
            elif frame["do"] == "ping":
                tell(**{"is": "pong"})
            elif frame["do"] == "call" and how != "silent":
                tell(**{"is": "ringing", "call": frame["call"]})
                tell(**{"is": "open", "call": frame["call"]})
            elif frame["do"] == "call":
                tell(**{"is": "line", "state": "unreachable"})


if __name__ == "__main__":
    main(sys.argv[1])
