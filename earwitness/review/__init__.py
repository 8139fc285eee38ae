"""Human review: what is drawn, what a reviewer is shown of it, everybody who looked on record. Audio comes by the vault alone."""
