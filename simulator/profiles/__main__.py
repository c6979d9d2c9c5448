"""`python -m simulator.profiles`: print the tables that README.md holds between its markers."""

from .costs import chips_table, table

print(table(), chips_table(), sep="\n\n")
