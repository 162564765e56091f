"""The options of a run: shops, durations and allowed foreign load."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run.

    sizes:       generated shops, smallest first
    sections:    the sections of a part to run; empty for all
    slices:      the number of turns of each of two servers
    seconds:     the length of a turn
    concurrency: the number of concurrent connections
    max_foreign: cores that other processes may use while a turn counts; 0 counts every turn
    asks:        the number of recommendations timed one by one in process
    products:    the number of products to search in
    """

    sizes: tuple[str, ...] = ("S", "M", "L")
    sections: tuple[str, ...] = ()
    slices: int = 6
    seconds: int = 5
    concurrency: int = 8
    max_foreign: float = 0.15
    asks: int = 2000
    products: int = 1_000_000

    def wants(self, section: str) -> bool:
        """Return whether to run this section of the part."""
        return not self.sections or section in self.sections
