"""Export and erasure of all data about one person."""
