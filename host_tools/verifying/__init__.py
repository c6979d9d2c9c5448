"""The auditor's verification of journals: `audit.py` joins it; `host_tools/README.md` says what it can show."""
