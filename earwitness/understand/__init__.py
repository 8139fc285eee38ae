"""Text in, intents out; no side effects."""
