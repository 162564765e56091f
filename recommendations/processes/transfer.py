"""Pass values to another process through a folder; the other process memory-maps their arrays."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

_ALIGNMENT = 64


def dump(value: Any, folder: Path) -> None:
    """Write the value to the folder, which no other user may write to. Raises OSError.

    The arrays' bytes go into one file, the rest into another (pickle protocol 5, out-of-band buffers).
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
        arrays.write(bytes(_ALIGNMENT))  # an empty file cannot be mapped
    (folder / "head").write_bytes(pickle.dumps((bounds, head)))


def load(folder: Path) -> Any:
    """Return the value written by `dump`. Its arrays are read-only. Raises OSError."""
    bounds, head = pickle.loads((folder / "head").read_bytes())  # noqa: S301  our own
    arrays = np.memmap(folder / "arrays", np.uint8, "r")
    return pickle.loads(head, buffers=[arrays[start : start + n] for start, n in bounds])  # noqa: S301
