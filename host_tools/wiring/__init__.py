"""Each board's wiring, drawn and tabled from the firmware's own data of it: `python -m host_tools.wiring`."""
