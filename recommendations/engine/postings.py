"""Posting lists: the products of each category and of each tag."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from recommendations.engine.ragged import Ints, Ragged, starts_of


@dataclass(frozen=True, slots=True)
class PostingLists:
    """The positions of the products of each category and of each tag, ascending, so most popular first."""

    by_category: Ragged
    by_tag: Ragged
    n_products: int

    @classmethod
    def of(cls, category: Ints, tags: Ragged, *, n_categories: int, n_tags: int) -> Self:
        """Return the lists. category: shape (n_products,), codes, -1 for none; tags: one row a product"""
        sorted_in = category >= 0
        categories = Ragged(starts_of(sorted_in.astype(np.int64)), category[sorted_in])
        return cls(
            by_category=categories.inverted(n_categories),
            by_tag=tags.inverted(n_tags),
            n_products=len(category),
        )
