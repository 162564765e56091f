"""Admin pages for models, runs, stored lists, and a shopper's recommendations today."""

from recommendations.admin.default_strategy import DefaultStrategyAdmin
from recommendations.admin.generation_run import GenerationRunAdmin
from recommendations.admin.language_model import LanguageModelAdmin
from recommendations.admin.stored_list import StoredListAdmin
from recommendations.admin.trained_model import TrainedModelAdmin

__all__ = [
    "DefaultStrategyAdmin",
    "GenerationRunAdmin",
    "LanguageModelAdmin",
    "StoredListAdmin",
    "TrainedModelAdmin",
]
