"""What MicroPython starts: the unit on the board that `board.py` names."""

from board import BOARD

from interlock.app import main

main(BOARD)
