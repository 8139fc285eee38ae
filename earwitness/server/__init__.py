"""Sessions of browsers: the WebSocket protocol, the door before it, and the listening address. It serves no pages."""
