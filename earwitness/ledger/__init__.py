"""The ledger: committed facts in a Merkle tree that nobody can rewrite unseen. It holds random ids, never personal data."""
