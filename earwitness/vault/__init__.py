"""The one door to what was said: keys, sealed recordings, who may open them, and their end. Nothing else can decrypt."""
