"""The tables of recommendations."""

from recommendations.models.stored_list import StoredList

__all__ = ["StoredList"]
