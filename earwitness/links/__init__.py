"""Adapters to what lies outside: one file per outside system. They never decide what to say."""
