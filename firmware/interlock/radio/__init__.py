"""The only user of MicroPython's `bluetooth` module."""
