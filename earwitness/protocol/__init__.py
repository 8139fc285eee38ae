"""How devices and the server speak: the messages of a session, Wyoming frames, and a link that survives a lost network. Pure."""
