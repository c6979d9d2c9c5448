"""What takes too long for every day: `make test-deep`, or `python -m tests.deep [LANE ...]`; `--list` names the lanes.

`lanes.py` says what is looked at in which lane and what it may cost; `runner.py` plays them, `plugin.py` counts inside
pytest. Results: `build/deep/summary.md` and `.json`. A lane that lacks its means is left out with the reason; one that
did not come to all within its time is cut short: neither has passed.
"""
