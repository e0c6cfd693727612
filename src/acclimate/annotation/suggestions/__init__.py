"""Suggested answers: where they come from, who is shown them, and how far they pull readers."""
