"""Annotations of other tools: read into one form, taken into the store exactly once, and written out again."""
