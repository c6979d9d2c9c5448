"""Who carries what, and when: `rules.py` says what is due, `file.py` reads a roster as spreadsheets write it."""
