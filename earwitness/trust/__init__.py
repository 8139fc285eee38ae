"""The household's own certificates: the authority, the TLS settings of both ends, and the pairing of devices."""
