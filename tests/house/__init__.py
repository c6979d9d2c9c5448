"""How the house is built: which way imports go, and how long files are. `imports.py` reads the sources."""
