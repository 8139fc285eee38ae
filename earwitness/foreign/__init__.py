"""Satellites and programs that are not ours: Wyoming services and satellites, ESPHome voice devices. Each is another device of a turn."""
