"""Engines that listen and speak. Owns models, numbers and samples; knows nothing of turns, intents or homes."""
