"""The benchmarks: each prints a table, with its peers beside it where it has any, and writes its own part of docs/benchmarks.md."""
