"""What is measured: each module is one part, with `measure(options)` that gives its `Part`."""
