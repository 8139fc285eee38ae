"""Earwitness: a private voice assistant that does what you say, and can prove who heard it."""

__version__ = "0.1.0"
