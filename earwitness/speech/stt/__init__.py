"""Speech to text: one engine per file."""
