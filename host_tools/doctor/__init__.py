"""`interlock doctor`: checks of this computer, each a small function from what was found to a Finding.

What is looked at comes in through `surroundings.py`, so that any system's list of checks runs anywhere on recorded
answers; `examine.py` has the lists. Nothing here changes anything, but for the fixes that a person confirmed.
"""
