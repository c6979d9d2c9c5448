"""Labels of units: how their text (`../label.py`) is read (`reading.py`, `layouts.py`, `picture.py`), and how it is
printed (`sheet.py`, `server.py`)."""
