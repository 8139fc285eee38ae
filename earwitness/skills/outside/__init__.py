"""Skills of others: found as packages, read without running them, enabled by an owner, run in a process of their own."""
