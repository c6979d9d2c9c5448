"""Any MicroPython scripts, one virtual board each, on one air: `python -m simulator.boards A.py [B.py ...]`.

Nothing here is Interlock's: what a board is is `simulator/hardware/board.py`, and what it models `simulator/README.md`.
"""
