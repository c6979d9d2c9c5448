"""One hardware device per file."""
