"""Measures; asserts nothing. `make bench` runs it all."""
