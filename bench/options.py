"""How a run is made: which shops, how long, beside how much foreign load."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """One run's choices.

    sizes:       generated shops, smallest first
    sections:    the pieces of a part that are wanted; empty for all
    slices:      how often each of two servers has its turn
    seconds:     how long a turn is
    concurrency: connections that ask at the same time
    max_foreign: cores that others may use while a turn counts; 0 counts every turn
    asks:        recommendations timed one by one in process
    """

    sizes: tuple[str, ...] = ("S", "M", "L")
    sections: tuple[str, ...] = ()
    slices: int = 6
    seconds: int = 5
    concurrency: int = 8
    max_foreign: float = 0.15
    asks: int = 2000

    def wants(self, section: str) -> bool:
        """Return whether this piece of the part was asked for."""
        return not self.sections or section in self.sections
