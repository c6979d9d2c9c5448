"""A board on a cable becomes a unit: what differs from what shall be on it is done, and nothing else.

`connection.py` speaks with the board's prompt (mpremote), `look.py` asks what is there, `plan.py` says what is to be
done (pure), `work.py` does it, `flow.py` is the whole of it; `firmware_image.py` puts MicroPython itself on a chip.
No line of this has met a physical board: it was tried against MicroPython's real prompt, in the simulator.
"""
