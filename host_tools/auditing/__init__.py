"""Journals audited where they are kept, beside each other: `audit.py` joins it, `examine.py` goes through one,
`places.py` finds them. What one journal's bytes prove by themselves is `verifying`'s.
"""
