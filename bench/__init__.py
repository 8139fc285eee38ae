"""The benchmarks: each prints a table, with its peers beside it if it has any, and writes its section of docs/benchmarks.md."""
