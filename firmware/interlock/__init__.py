"""Interlock's device package: what a board receives. Start reading at `app.py`; the rules are in `core/`."""

VERSION = (0, 1, 0)
