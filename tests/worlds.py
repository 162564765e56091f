"""Small shops whose right answers are known by construction, or worked out naively."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recommendations.engine.actions import EventTable
from recommendations.engine.features import Features, Vocabulary
from recommendations.engine.histories import Histories
from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Training

TABLE = EventTable(np.array([1.0, 2, 3, 5, -5]), np.array([90.0, 90, 90, 180, 365]))


@dataclass
class Article:
    """A product, as one would write it down."""

    category: str | None = None
    tags: frozenset[str] = frozenset()
    active: bool = True
    popularity: int = 0


@dataclass
class World:
    """articles: product id → article; histories: product ids, one list a user, newest first."""

    articles: dict[int, Article]
    histories: list[list[int]] = field(default_factory=list)
    young: frozenset[int] = frozenset()

    def snapshot(self) -> Snapshot:
        """Return the arrays of every article that is not young."""
        known = {key: article for key, article in self.articles.items() if key not in self.young}
        categories = sorted({a.category for a in known.values() if a.category is not None}, reverse=True)
        tags = sorted({tag for a in known.values() for tag in a.tags}, reverse=True)
        features = Features(
            *_coded(known, categories, tags), Vocabulary(tuple(categories)), Vocabulary(tuple(tags))
        )
        return Snapshot.build(
            product_ids=np.array(list(known), np.int64),
            active=np.array([a.active for a in known.values()], bool),
            popularity=np.array([a.popularity for a in known.values()], np.int64),
            features=features,
            now=1_000,
        )

    def batch(self, snapshot: Snapshot) -> Histories:
        """Return all users' histories as arrays, the young articles appended to the snapshot's features."""
        features, places = snapshot.features, {}
        if self.young:
            young = {key: self.articles[key] for key in sorted(self.young)}
            features = features.extended([(a.category, tuple(sorted(a.tags))) for a in young.values()])
            places = {key: len(snapshot) + n for n, key in enumerate(young)}
        places |= {key: n for n, key in enumerate(snapshot.product_ids.tolist())}
        flat = [places[key] for history in self.histories for key in history]
        lengths = np.array([len(history) for history in self.histories], np.int64)
        return viewed(Ragged(starts_of(lengths), np.array(flat, np.int64)), features)

    def log(self) -> Log:
        """Return all histories as views; users count from 1, and the newest events are at the same time."""
        events = [
            (user, key, -age)
            for user, history in enumerate(self.histories, 1)
            for age, key in enumerate(history)
            if key not in self.young
        ]
        users, keys, at = np.array(sorted(events, key=lambda event: event[2]), np.int64).reshape(-1, 3).T
        return Log(users, keys, at + 1_000, np.zeros(len(at), np.uint8))

    def training(self) -> Training:
        return Training(self.snapshot(), self.log(), TABLE)

    def naive(self, user: int, n: int) -> tuple[list[tuple[int, int, list[tuple[str, Any, int]]]], bool]:
        """Return the user's list as (product id, points, reasons), and whether anything matched."""
        history = [self.articles[key] for key in self.histories[user]]

        def top(words: list[list[str]], k: int) -> list[str]:
            count = Counter(word for event in words for word in event)
            newest = {word: min(i for i, event in enumerate(words) if word in event) for word in count}
            return sorted(count, key=lambda word: (-count[word], newest[word], word))[:k]

        categories = top([[a.category] if a.category is not None else [] for a in history], 3)
        tags = top([sorted(a.tags) for a in history], 5)
        scores = {
            key: 10 * (a.category in categories) + 3 * len(a.tags & set(tags))
            for key, a in self.articles.items()
            if a.active and key not in self.histories[user] and key not in self.young
        }

        def why(key: int) -> list[tuple[str, Any, int]]:
            article = self.articles[key]
            if not scores[key]:
                return [("popular", article.popularity, 0)]
            found = [("category", article.category, 10)] if article.category in categories else []
            return found + [("tag", tag, 3) for tag in tags if tag in article.tags]

        order = sorted(
            scores, key=lambda key: (scores[key] == 0, -scores[key], -self.articles[key].popularity, key)
        )
        return [(key, scores[key], why(key)) for key in order[:n]], any(scores.values())


def viewed(events: Ragged, features: Features) -> Histories:
    """Return histories of views, a second apart in each, the oldest at second 0."""
    at = np.concatenate([np.arange(n)[::-1] for n in events.lengths.tolist()] or [np.zeros(0, np.int64)])
    return Histories(events, np.zeros(len(events.flat), np.uint8), at, features)


def _coded(articles: dict[int, Article], categories: list[str], tags: list[str]) -> tuple[np.ndarray, Ragged]:
    category = [-1 if a.category is None else categories.index(a.category) for a in articles.values()]
    rows = [[tags.index(tag) for tag in sorted(a.tags)] for a in articles.values()]
    flat = np.array([code for row in rows for code in row], np.int64)
    return np.array(category, np.int64), Ragged(
        starts_of(np.array([len(row) for row in rows], np.int64)), flat
    )
