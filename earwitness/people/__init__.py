"""Who lives here: people, how they sign in, and what they have consented to. Nothing of what they say."""
