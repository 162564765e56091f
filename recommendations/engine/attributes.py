"""Attributes of products as arrays, for filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ragged import Ragged, empty, starts_of

# No name and no value contains this character.
_SEPARATOR = "\x1f"


def attribute_keys(attributes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a text for each name with each of its values, sorted."""
    return tuple(sorted(f"{name}{_SEPARATOR}{text}" for name, texts in attributes.items() for text in texts))


@dataclass(frozen=True)
class Attributes:
    """The attributes of products.

    values: one row a product, indices of the names, without duplicates
    names:  each name of an attribute with each of its values, as `attribute_keys`
    """

    values: Ragged
    names: tuple[str, ...]

    @classmethod
    def none(cls, n_products: int) -> "Attributes":
        return cls(empty(n_products), ())

    @classmethod
    def of(
        cls, n_products: int, positions: NDArray[np.int64], keys: Sequence[tuple[str, ...]]
    ) -> "Attributes | None":
        """Return the attributes of n products, None without any.

        positions: of the products that have some, -1 for none; keys: those of each
        """
        return cls.none(n_products).patched(positions, keys)

    @cached_property
    def codes(self) -> dict[str, int]:
        """The index of each name."""
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def products(self) -> Ragged:
        """The positions of the products that have each name, one row a name."""
        return self.values.inverted(len(self.names))

    def having(self, allowed: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
        """Return the products with one of the allowed values of each of these names, shape (n_products,)."""
        mask = np.ones(len(self.values), bool)
        for name, texts in allowed.items():
            found = np.zeros(len(self.values), bool)
            for key in attribute_keys({name: texts}):
                if key in self.codes:
                    found[self.products[self.codes[key]]] = True
            mask &= found
        return mask

    def keys_at(self, position: int) -> tuple[str, ...]:
        """Return the keys of the product, sorted."""
        return tuple(sorted([self.names[code] for code in self.values[position].tolist()]))

    def taken(self, positions: NDArray[np.int64]) -> "Attributes":
        """Return the attributes of the products at these positions, in this order."""
        return replace(self, values=self.values.take(positions))

    def extended(self, n: int) -> "Attributes":
        """Return the attributes, followed by n products without any."""
        return replace(self, values=self.values.joined(empty(n)))

    def patched(self, positions: NDArray[np.int64], keys: Sequence[tuple[str, ...]]) -> "Attributes | None":
        """Return the attributes, with these of the products at these positions; None without any."""
        new = sorted({key for row in keys for key in row} - self.codes.keys())
        names = (*self.names, *new)
        codes = {**self.codes, **{key: len(self.names) + n for n, key in enumerate(new)}}
        flat = np.array([codes[key] for row in keys for key in row], np.int32)
        added = Ragged(starts_of(np.array([len(row) for row in keys], np.int64)), flat)
        rows = np.arange(len(self.values))
        known = positions >= 0
        rows[positions[known]] = len(rows) + np.flatnonzero(known)
        values = self.values.joined(added).take(rows)
        return (
            Attributes(Ragged(values.starts, values.flat.astype(np.int32)), names)
            if len(values.flat)
            else None
        )
