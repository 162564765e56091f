"""Search in the catalogue: folded texts, an index of their trigrams, and the ids that a search finds."""
