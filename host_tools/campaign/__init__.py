"""Campaigns: one scenario played from many seeds, and what its runs say together, as figures with their uncertainty.

`plan.py` says which runs there are, `play.py` plays one, `../workers/` share them out, `journal.py` keeps what is
done, `summary.py` judges them together, `plots.py` draws; `run.py` joins them. The command is
`interlock simulate SCENARIO.toml --runs N`.
"""
