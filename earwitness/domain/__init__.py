"""The words of the house as frozen types: standard library only, no input or output."""
