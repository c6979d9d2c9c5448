"""Labels of units: their text (`label.py`), how it is read (`reading.py`, `picture.py`), and how it is printed
(`sheet.py`, `server.py`)."""
