"""The turn: one request and its reply, from the end of the wake word to the last sample of the answer."""
