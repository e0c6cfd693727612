"""Which items are worth reading next, by a small model over embeddings; how well it has learnt so far, and when to stop."""
