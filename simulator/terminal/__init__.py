"""Boards whose serial port is a pseudo-terminal of this machine: programs that speak with a board's prompt find one."""
