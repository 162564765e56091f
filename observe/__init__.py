"""Observability: request ids, logs and metrics. Imports no other package of the project, and not Django."""
