"""Mutation testing of the core: each small change of its code must be noticed by a test.

The changes are mutmut's (`mutants.py` says why its runner is not used). `python -m tests.mutation [MODULE ...]` plays
them in a copy of the checkout: `judge.py` maps the core's lines to the tests that run them, then forks a process a
mutant, puts the changed function in the place of the sound one there, and runs the tests that touch it, the quick ones
first. `survivors.toml` lists every mutant that no test notices, with the reason; one that is not listed fails the run.
"""
