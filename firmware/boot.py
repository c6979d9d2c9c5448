"""Runs before main.py. Collects garbage early and often: a long collection would sit between an edge and its frame."""

import gc

gc.collect()
gc.threshold(16384)
