"""Learning to rank: features of products, users and pairs, and the ranking models."""
