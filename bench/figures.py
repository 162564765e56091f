"""A measured number beside what is wanted of it, and many of them as a table."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    interval: where it lies with 95 % confidence; least, most: what is wanted; None where nothing is said
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
        """Return what is wanted in words, "" where nothing is."""
        bounds = [("at least", self.least), ("at most", self.most)]
        return " and ".join(f"{word} {bound:,g}" for word, bound in bounds if bound is not None)

    @property
    def holds(self) -> bool | None:
        """Return whether it is as wanted, None where nothing is."""
        if self.least is None and self.most is None:
            return None
        low = self.least is None or self.measured >= self.least
        return low and (self.most is None or self.measured <= self.most)

    def plain(self) -> dict[str, Any]:
        """Return the figure as JSON knows it."""
        measured = None if math.isnan(self.measured) else self.measured
        return {**asdict(self), "measured": measured, "holds": self.holds}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures, one a line, the wanted value beside the measured one."""
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
    """Return the number with about three digits that count."""
    if math.isnan(number):
        return "-"
    if abs(number) >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.3g}"
