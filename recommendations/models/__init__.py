"""Models of the recommendations app."""

from recommendations.models.default_strategy import DefaultStrategy
from recommendations.models.explanation import ModelCalls, WrittenText
from recommendations.models.generation_run import GenerationRun, GenerationShard, RunState
from recommendations.models.language_model import LanguageModel
from recommendations.models.stored_list import StoredList
from recommendations.models.trained_model import TrainedModel

__all__ = [
    "DefaultStrategy",
    "GenerationRun",
    "GenerationShard",
    "LanguageModel",
    "ModelCalls",
    "RunState",
    "StoredList",
    "TrainedModel",
    "WrittenText",
]
