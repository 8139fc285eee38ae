"""The tunnel for phones that are away."""
