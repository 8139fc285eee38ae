"""Voice activity: is this frame speech?"""
