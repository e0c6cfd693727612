"""One file a section of the note: the facts drawn, the talk that tells them, and the note of each hospital."""
