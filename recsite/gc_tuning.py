"""Settings of Python's garbage collector."""

import gc


def collect_less() -> None:
    """Exclude the existing objects from collection, and collect less often.

    A server calls it once everything that stays in memory is loaded. Reference counting frees the objects of
    a response; by Python's default, after every 700 allocations, the collector ran some ten times a response
    and found nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
