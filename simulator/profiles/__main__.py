"""`python -m simulator.profiles`: print the table that README.md holds between its markers."""

from .costs import table

print(table())
