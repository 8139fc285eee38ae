"""Proves the guarantees on this machine, on real parts in a household that is thrown away; and this household's own ledger."""
