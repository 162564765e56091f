"""What the service tells of itself: the id of a request, logs, metrics. Knows nobody else, nor Django."""
