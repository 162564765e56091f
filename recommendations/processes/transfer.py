"""Hands values over to another process through a folder; their arrays are mapped there, not copied."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

_ALIGNMENT = 64


def dump(value: Any, folder: Path) -> None:
    """Write the value into the folder, which nobody else may write to. Raises OSError.

    Arrays go into one file as they are, all else into another (pickle's protocol 5, buffers out of band).
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    bounds: list[tuple[int, int]] = []
    with (folder / "arrays").open("wb") as arrays:
        for buffer in buffers:
            raw = buffer.raw()
            bounds.append((arrays.tell(), raw.nbytes))
            arrays.write(raw)
            arrays.write(bytes(-raw.nbytes % _ALIGNMENT))
        arrays.write(bytes(_ALIGNMENT))  # so that there is something to map
    (folder / "head").write_bytes(pickle.dumps((bounds, head)))


def load(folder: Path) -> Any:
    """Return the value that was written there; its arrays cannot be written to. Raises OSError."""
    bounds, head = pickle.loads((folder / "head").read_bytes())  # noqa: S301  our own
    arrays = np.memmap(folder / "arrays", np.uint8, "r")
    return pickle.loads(head, buffers=[arrays[start : start + n] for start, n in bounds])  # noqa: S301
