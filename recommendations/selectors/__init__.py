"""Reads rows and returns arrays and values; each function says how many queries it makes."""
