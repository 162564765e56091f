"""What one part of a run gives back."""

from dataclasses import dataclass, field
from typing import Any

from bench.figures import Figure


@dataclass(frozen=True, slots=True)
class Measured:
    """figures: for the table, in order; details: all the rest, as JSON knows it."""

    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
