"""The progress bar of every command: rate and remaining time, on a plain stream."""

from typing import TextIO

from tqdm import tqdm


def progress_bar(
    stream: TextIO, *, total: int | None, description: str, unit: str, quiet: bool
) -> "tqdm[None]":
    """Return a bar that draws itself on the stream; quiet draws nothing.

    stream: the stream itself, not Django's wrapper around it, which would break the line
    On a terminal it moves ten times a second, in a log file every ten seconds.
    """
    return tqdm(
        total=total,
        desc=description,
        unit=f" {unit}",
        file=stream,
        disable=quiet,
        mininterval=0.1 if stream.isatty() else 10,
        dynamic_ncols=stream.isatty(),
    )
