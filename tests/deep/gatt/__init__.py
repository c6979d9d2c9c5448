"""Hostile peers at a unit's GATT server, whole firmware behind it: `unit.py` is the unit and what must hold of it,
`attacks.py` what they do, `radio.py` and `air.py` two ways to it. `test_gatt_fuzz.py` joins them.
"""
