"""The catalogue in memory, as it was at one position in the change feed."""

from dataclasses import dataclass

from catalog.changes import FeedPosition
from recommendations.serving.details import DetailsCache
from recommendations.serving.pipelines import PipelineCache


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue as it was at a position in the change feed.

    number:  how many changes this process had applied
    details: the fields of products as answers show them
    applied: ids of the rows at the position that a reading may find once more: those of this transaction
    renewed_at: when popularity was read, seconds since 1970
    """

    pipelines: PipelineCache
    position: FeedPosition
    number: int
    details: DetailsCache
    applied: frozenset[int]
    renewed_at: float
