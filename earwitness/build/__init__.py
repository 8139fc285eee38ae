"""Builds the house: the only place that chooses and constructs adapters. It decides nothing while the house runs.

Three floors, each seeing only those below: what is kept (`kept.py`), what is outside and how it speaks (`linked.py`), and what
understands and answers (`house.py`). `serve.py` lets it listen, `routers.py` gives it pages.
"""

from earwitness.build.house import House
from earwitness.build.kept import utc_now
from earwitness.build.serve import serve
from earwitness.build.witnesses import serve_witness, witnesses

__all__ = ["House", "serve", "serve_witness", "utc_now", "witnesses"]
