"""Oversight of review: what two people decide, what is opened in an emergency, what was flagged, and the report of it all."""
