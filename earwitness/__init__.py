"""Earwitness: a private voice assistant that does what you say, and can prove who heard it."""

import os

# Else ONNX Runtime tells its maker of every model that is opened, on Linux since 1.29; it looks once, when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"

# Read by NumPy's OpenBLAS when it is first imported. Its threads wait for each other by spinning: beside other work two are many
# times slower than one, and what is multiplied here takes milliseconds.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
