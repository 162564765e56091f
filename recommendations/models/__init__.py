"""The tables of recommendations."""

from recommendations.models.default_strategy import DefaultStrategy
from recommendations.models.stored_list import StoredList
from recommendations.models.trained_model import TrainedModel

__all__ = ["DefaultStrategy", "StoredList", "TrainedModel"]
