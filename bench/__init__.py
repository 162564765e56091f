"""Benchmarks. They measure and assert nothing; `make bench` runs all of them."""
