"""Functions that read the database and return arrays and values. Each says how many queries it makes."""
