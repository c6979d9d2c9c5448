"""What the host does with units, step by step: coroutines on a `Bench`, without arguments' parsing and printing."""
