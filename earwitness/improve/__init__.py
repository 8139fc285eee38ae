"""Measuring recognition, understanding and wake words, and what follows from it. Reaches kept audio only through the vault."""
