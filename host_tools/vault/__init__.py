"""A force's keys, encrypted at rest: `vault.py` is what commands use, `keyring.py` says what units are to hold next.

Below it: `files.py` (on disk, one writer, safe against cuts), `keys.py`, `slots.py` (who can open it), `sealed.py` (one
file), `unlock.py`, `ticket.py` (how a command opens it), `log.py` (who used it), `backup.py`, `check.py`, `lending.py`.
"""
