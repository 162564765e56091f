"""Categories, tags and groups of products as codes, and the posting lists over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Vocabulary:
    """Names of codes. names: the name of each code; codes count from 0, and -1 means "none"."""

    names: tuple[str, ...]

    @cached_property
    def codes(self) -> dict[str, int]:
        """The code of each name."""
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """The rank of each code in the code-point order of the names, shape (n_codes,)."""
        rank = np.empty(len(self.names), np.int64)
        rank[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        return rank


@dataclass(frozen=True)
class Features:
    """Categories and tags of products.

    category:   shape (n_products,), category codes, -1 for none
    tags:       one row a product, tag codes without duplicates
    """

    category: Ints
    tags: Ragged
    categories: Vocabulary
    tag_names: Vocabulary

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The ranks of the names of categories, then of tags, shape (n_categories + n_tags,)."""
        return np.concatenate([self.categories.rank, self.tag_names.rank])

    @cached_property
    def used_categories(self) -> frozenset[str]:
        """The names of the categories that have a product."""
        codes = np.unique(self.category)
        return frozenset([self.categories.names[code] for code in codes[codes >= 0].tolist()])

    @cached_property
    def postings(self) -> PostingLists:
        """The posting lists, computed once and shared by all strategies; 20 MB for a million products."""
        return PostingLists.of(
            self.category,
            self.tags,
            n_categories=len(self.categories.names),
            n_tags=len(self.tag_names.names),
        )

    def names_at(self, position: int) -> tuple[str | None, tuple[str, ...]]:
        """Return the names of the product's category, or None, and of its tags, sorted."""
        code = int(self.category[position])
        tags = sorted([self.tag_names.names[tag] for tag in self.tags[position].tolist()])
        return (self.categories.names[code] if code >= 0 else None), tuple(tags)

    def extended(self, products: Sequence[tuple[str | None, tuple[str, ...]]]) -> "Features":
        """Return these products, followed by others with these names of category and tags."""
        named, category, tags = self._coded(products)
        return replace(named, category=np.concatenate([self.category, category]), tags=self.tags.joined(tags))

    def patched(self, products: Mapping[int, tuple[str | None, tuple[str, ...]]]) -> "Features":
        """Return the same products, those at these positions with other names of category and tags."""
        named, category, tags = self._coded(list(products.values()))
        at = np.array(list(products), np.int64)
        categories, rows = self.category.copy(), np.arange(len(self.category))
        categories[at] = category
        rows[at] = len(rows) + np.arange(len(at))
        return replace(named, category=categories, tags=self.tags.joined(tags).take(rows))

    def _coded(
        self, products: Sequence[tuple[str | None, tuple[str, ...]]]
    ) -> tuple["Features", Ints, Ragged]:
        """Return these features with the names of the products added, and the products' codes."""
        categories = _extended(self.categories, sorted({name for name, _ in products if name is not None}))
        tag_names = _extended(self.tag_names, sorted({tag for _, tags in products for tag in tags}))
        category_codes, tag_codes = categories.codes, tag_names.codes
        category = np.array(
            [-1 if name is None else category_codes[name] for name, _ in products], self.category.dtype
        )
        flat = np.array([tag_codes[tag] for _, tags in products for tag in tags], self.tags.flat.dtype)
        starts = starts_of(np.array([len(tags) for _, tags in products], np.int64))
        return replace(self, categories=categories, tag_names=tag_names), category, Ragged(starts, flat)


def _extended(names: Vocabulary, more: Sequence[str]) -> Vocabulary:
    """Return the vocabulary with those of the names that it lacks; itself when it has them all."""
    missing = [name for name in more if name not in names.codes]
    return Vocabulary((*names.names, *missing)) if missing else names


@dataclass(frozen=True)
class Groups:
    """The groups of products: the variants of one article have the same.

    codes: shape (n_products,), int32, codes of the names, -1 for a product without a group
    """

    codes: Ints
    names: Vocabulary

    @classmethod
    def of(cls, n_products: int, positions: NDArray[np.int64], names: Sequence[str]) -> "Groups | None":
        """Return the groups of n products, None without any.

        positions: of the products that have a group, -1 for none; names: the group of each
        """
        return cls(np.full(n_products, -1, np.int32), Vocabulary(())).patched(positions, names)

    def patched(self, positions: NDArray[np.int64], names: Sequence[str]) -> "Groups | None":
        """Return the groups, with those of the products at these positions, "" for none; None without any."""
        vocabulary = _extended(self.names, list(dict.fromkeys(filter(None, names))))
        codes = self.codes.copy()
        known = positions >= 0
        codes[positions[known]] = np.array([vocabulary.codes.get(name, -1) for name in names], np.int32)[
            known
        ]
        return Groups(codes, vocabulary) if (codes >= 0).any() else None

    def taken(self, positions: NDArray[np.int64]) -> "Groups":
        """Return the groups of the products at these positions, in this order."""
        return replace(self, codes=self.codes[positions])

    def extended(self, n: int) -> "Groups":
        """Return the groups, followed by n products without one."""
        return replace(self, codes=np.concatenate([self.codes, np.full(n, -1, np.int32)]))

    def name_at(self, position: int) -> str:
        """Return the name of the product's group, "" for none."""
        code = int(self.codes[position])
        return self.names.names[code] if code >= 0 else ""
