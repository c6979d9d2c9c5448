"""The auditor's report: `model.py` holds what is said, `report.py` how it is said, as page (`html.py`) and as data."""
