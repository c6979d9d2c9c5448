"""The joint search: the real roles of several units, a channel that may do anything, officers, recorders, power cuts.

`doubles.py` and `clear.py` stand in for what the roles hold on to, `freeze.py` keeps and compares states, `world.py`
makes things happen, `laws.py` judges, `fair.py` plays on to a good end, `search.py` goes through every state and along
long ways, `story.py` tells a breach. `worlds.py`: what is searched, and how deep.
"""
