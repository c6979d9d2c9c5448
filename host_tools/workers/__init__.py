"""Work shared out: `executor.py` among processes, `cluster.py` among machines; `sharing.py` gives it to either, or does
it here."""
