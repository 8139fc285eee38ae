"""What the first start says, in plain words: what is kept, and who may listen. Read on the page and aloud. Words only."""

from typing import Final

PROMISE_VERSION: Final = 1
"""Counts up when the words below change; it is noted with the acknowledgement."""
PROMISE: Final = (
    (
        "What is kept: nothing",
        "What you say is answered and then forgotten: no sound, no words, no history. Only what you ask for stays: timers and "
        "lists; and the accounts of this home with a log of who signed in.",
    ),
    (
        "Who may listen: nobody",
        "No person and no company hears you. Recognition and voice run on this machine, and nothing goes out to the internet. "
        "Before the wake word, or a press, no sound leaves the device, and you hear a tone and see a light first.",
    ),
    (
        "Who decides: you, each for yourself",
        "Keeping what you say, letting people review it, learning from it and telling voices apart are four separate decisions. "
        "Each is off until you switch it on, and you can switch it off again at any time. For a child, the guardian decides.",
    ),
    (
        "How you can tell",
        "Every time somebody opens a recording it is written down first, in a record that nobody can change unnoticed, and you "
        "see it under Who listened.",
    ),
)
"""Title and text of each part."""
SAMPLE: Final = "Hello. This is how I sound. The kitchen light is on."


def spoken_promise(part: int) -> str:
    """A part of the promise as it is read aloud."""
    title, text = PROMISE[part]
    return f"{title}. {text}"
