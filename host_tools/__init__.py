"""Interlock's program for technicians and auditors. `cli.py` is the door; one command is one module in `commands/`."""
