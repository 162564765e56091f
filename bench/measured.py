"""The result of one part of a run."""

from dataclasses import dataclass, field
from typing import Any

from bench.figures import Figure


@dataclass(frozen=True, slots=True)
class Measured:
    """figures: for the table, in order; details: other values for the JSON file"""

    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
