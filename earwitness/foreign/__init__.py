"""Satellites and programs that are not ours: Wyoming services and satellites, ESPHome voice devices; each a device of a turn."""
