"""The device agent: microphone, speaker, indicator, mute, and the link to the server."""
