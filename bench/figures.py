"""Measured numbers with their targets, and a table of them."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number.

    interval: its 95 % confidence interval; least, most: its target; each is None if there is none
    """

    name: str
    measured: float
    unit: str
    interval: tuple[float, float] | None = None
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def wanted(self) -> str:
        """Return the target as text, "" if there is none."""
        bounds = [("at least", self.least), ("at most", self.most)]
        return " and ".join(f"{word} {bound:,g}" for word, bound in bounds if bound is not None)

    @property
    def holds(self) -> bool | None:
        """Return whether the number meets its target, None if there is none."""
        if self.least is None and self.most is None:
            return None
        low = self.least is None or self.measured >= self.least
        return low and (self.most is None or self.measured <= self.most)

    def plain(self) -> dict[str, Any]:
        """Return the figure as a value for JSON."""
        measured = None if math.isnan(self.measured) else self.measured
        return {**asdict(self), "measured": measured, "holds": self.holds}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures, one a line, with the target next to the measured value."""
    heads = ("what", "measured", "95 % interval", "wanted", "", "")
    lines = [heads, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in (1, 2) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "holds", False: "FALLS SHORT", None: ""}[figure.holds]
    span = " to ".join(_spelled(bound) for bound in figure.interval) if figure.interval else ""
    measured = f"{_spelled(figure.measured)} {figure.unit}".rstrip()
    return (figure.name, measured, span, figure.wanted, verdict, figure.note)


def _spelled(number: float) -> str:
    """Return the number with about three significant digits."""
    if math.isnan(number):
        return "-"
    if abs(number) >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.3g}"
