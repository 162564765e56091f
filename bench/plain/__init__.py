"""Plain views as a baseline: the cost of the same reads and rendering without the project."""
