"""The content strategy: points for a favourite category and for each favourite tag of the user."""

from dataclasses import dataclass
from typing import ClassVar, Self

from recommendations.engine.features import Features, PostingLists
from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.matching import THOUSANDTHS, Profiles, Weights, best_matches, profiles
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Training


@dataclass(frozen=True, slots=True)
class ProfileLimits:
    """Number of favourite categories and tags in a profile."""

    top_categories: int = 3
    top_tags: int = 5

    def __post_init__(self) -> None:
        for name, n in (("top_categories", self.top_categories), ("top_tags", self.top_tags)):
            if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= 50:
                raise ValueError(f"{name} is {n!r}; it must be a whole number from 0 to 50")

    def profiles(self, histories: Histories) -> Profiles:
        """Return each user's favourites, within these limits."""
        return profiles(histories, top_categories=self.top_categories, top_tags=self.top_tags)


@dataclass(frozen=True, slots=True)
class Content:
    """Content-based strategy: `weights` for matches with the favourites within `taste`. Needs no training."""

    taste: ProfileLimits
    weights: Weights
    fallback: ClassVar[str] = "popular"
    basis: ClassVar[Basis] = Basis.FAVOURITES

    @property
    def log_days(self) -> float:
        return 0

    @classmethod
    def from_options(
        cls,
        *,
        category_points: int = 10,
        tag_points: int = 3,
        top_categories: int = 3,
        top_tags: int = 5,
    ) -> Self:
        return cls(ProfileLimits(top_categories, top_tags), Weights(category_points, tag_points))

    def fit(self, training: Training) -> Self:
        return self

    def bind(self, snapshot: Snapshot) -> "ContentRetriever":
        return ContentRetriever(self.taste, self.weights, snapshot.features.postings, snapshot.features)


@dataclass(frozen=True)
class ContentRetriever:
    taste: ProfileLimits
    weights: Weights
    postings: PostingLists
    features: Features

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        return best_matches(self.postings, self.taste.profiles(histories), self.weights, allowed=allowed, k=k)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return the category, then the tags in the order of the user's preference."""
        profile = self.taste.profiles(histories)
        found: Reasons = []
        for user, positions in enumerate(candidates.positions):
            shown = positions[positions >= 0]
            by_category = self._category_reasons(histories.features, profile.categories[user].tolist())
            by_tag = self._tag_reasons(histories.features, profile.tags[user].tolist())
            found.append(
                [
                    by_category.get(category, ()) + tuple([by_tag[code] for code in by_tag if code in tags])
                    for category, tags in zip(
                        self.features.category[shown].tolist(),
                        self.features.tags.take(shown).lists(),
                        strict=True,
                    )
                ]
            )
        return found

    def _category_reasons(self, features: Features, codes: list[int]) -> dict[int, tuple[Reason, ...]]:
        points = self.weights.category * THOUSANDTHS
        names = features.categories.names
        return {code: (Reason(ReasonKind.CATEGORY, names[code], points),) for code in codes if code >= 0}

    def _tag_reasons(self, features: Features, codes: list[int]) -> dict[int, Reason]:
        points = self.weights.tag * THOUSANDTHS
        names = features.tag_names.names
        return {code: Reason(ReasonKind.TAG, names[code], points) for code in codes if code >= 0}
