"""Teaches understanding: makes sentences from the house's own templates, reads public ones, trains the model. Never runs in a
house.
"""
