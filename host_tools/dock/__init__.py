"""The unattended docking station: what `interlock dock` does, hour after hour, without anybody.

`loop.py` decides who is visited when, `chores.py` does it, `lanes.py` are the adapters, `board.py` is what is known of
all units, and `lights.py` what that amounts to. `page.py`, `metrics.py` and `terminal.py` show it; `systemd.py` is how
it runs as a service.
"""
