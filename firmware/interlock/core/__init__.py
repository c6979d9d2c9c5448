"""Pure rules: no machine, bluetooth, asyncio, os or time. The same source runs in CPython and MicroPython.

Formats declared here are the only ones; host tools and simulator import them. Start at `frames.py` (air),
`journal.py` (flash) and the three machines `holster.py`, `proof.py`, `camera.py`.
"""
