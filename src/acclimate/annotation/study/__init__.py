"""Blind review of outputs as a designed study: a protocol fixed beforehand, hidden arms, and an analysis that was planned."""
