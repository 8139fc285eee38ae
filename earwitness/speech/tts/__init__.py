"""Text to speech: one engine per file, with the text preparation and the waveform finishing that they share."""
