"""Has Python's collector look for garbage where there may be some."""

import gc


def collect_less() -> None:
    """Leave out of every search what is there already, and search once in so many more new objects.

    A server calls it once it has loaded all that stays. What an answer is made of goes without the collector,
    by counting references; searching after every 700 objects looked for nothing some ten times an answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
