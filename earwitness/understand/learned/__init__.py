"""Understanding that was learned: a guess at what words mean where no sentence of the house fits. Only `model.bin` knows what
was learned.

Nothing here runs a heavy library: features are hashed words, the weights are numpy arrays of small integers.
"""
