"""The parts of the benchmark. Each module has a function `measure(options)` that returns a `Measured`."""
