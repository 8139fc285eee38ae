"""What a person can do about what is kept of them: one call each, the same by voice, page, API and command."""
