"""One board but its radio: the VM and its line, pins, clocks, flash, supply."""
