"""User actions, their weights, and how the weights decay with age."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY = 24 * 60 * 60
_HEAVIEST = 1000
_SLOWEST_DAYS = 36_500


class Action(IntEnum):
    """Codes of the actions in arrays."""

    VIEW = 0
    CLICK = 1
    CART = 2
    PURCHASE = 3
    DISMISS = 4


@dataclass(frozen=True)
class EventTable:
    """Weight and half-life of the events of each action.

    weights:        shape (5,), by Action; 0 or less for a dismissal, 0 or more for the others
    half_life_days: shape (5,), by Action; the age in days at which an event has half its weight
    counts_repeats: whether popularity and trends count each event; if not, a shopper counts once for each
                    product and action
    """

    weights: NDArray[np.float64]
    half_life_days: NDArray[np.float64]
    counts_repeats: bool = False

    @classmethod
    def of(cls, raw: Mapping[str, Mapping[str, Any]], *, counts_repeats: bool = False) -> "EventTable":
        """Return the table of {"view": {"WEIGHT": 1, "HALF_LIFE_DAYS": 90}, …}.

        Raises ValueError that names the missing or unknown actions, or the number that is out of range.
        """
        names = [action.name.lower() for action in Action]
        if set(raw) != set(names):
            raise ValueError(f"EVENTS names {', '.join(sorted(raw))}; it must name {', '.join(names)}")
        rows = [_row(name, raw[name]) for name in names]
        weights, half_lives = np.array(rows, np.float64).T
        return cls(weights, half_lives, counts_repeats)

    def weigh(self, actions: NDArray[np.uint8], at: NDArray[np.int64], now: int) -> NDArray[np.float64]:
        """Return the decayed weight of each event at `now`, shape as given (Ding & Li, 2005).

        An event later than `now` has its full weight.

        actions: by Action; at, now: seconds since 1970
        """
        days = np.maximum(now - at, 0) / DAY
        return self.weights[actions] * np.exp2(-days / self.half_life_days[actions])

    def units(self, actions: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the weight of each event relative to the heaviest action, shape as given."""
        return (self.weights / max(float(self.weights.max()), np.finfo(np.float64).tiny))[actions]

    def softened(self, power: float) -> "EventTable":
        """Return a table in which each event's weight, relative to the heaviest action, is raised to a power.

        This holds at every age. Below 1, the actions differ less from each other and decay more slowly.

        power: above 0; a weight of 0 stays 0, the weight of a dismissal stays negative
        """
        units = self.units(np.arange(len(self.weights), dtype=np.uint8))
        weights = np.sign(units) * np.abs(units) ** power
        return EventTable(weights, self.half_life_days / power, self.counts_repeats)


def _row(name: str, row: Mapping[str, Any]) -> tuple[float, float]:
    if set(row) != {"WEIGHT", "HALF_LIFE_DAYS"}:
        raise ValueError(
            f"EVENTS[{name!r}] holds {', '.join(sorted(row))}; it must hold WEIGHT, HALF_LIFE_DAYS"
        )
    low, high = (-_HEAVIEST, 0) if name == Action.DISMISS.name.lower() else (0, _HEAVIEST)
    return (
        number(f"EVENTS[{name!r}]['WEIGHT']", row["WEIGHT"], low=low, high=high),
        number(f"EVENTS[{name!r}]['HALF_LIFE_DAYS']", row["HALF_LIFE_DAYS"], low=0.01, high=_SLOWEST_DAYS),
    )


def number(name: str, value: object, *, low: float, high: float) -> float:
    """Return the value. Raises ValueError, naming it, unless it is a number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}")
    return float(value)
