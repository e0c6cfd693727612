"""How much a tagger is trained by default; apart from training itself, whose libraries not everybody has."""

TEXTS, ITERATIONS = 7_000, 75
"""Generated texts, and passes of L-BFGS."""
