"""One hypothesis profile for this folder: no database, no deadlines, the same examples on every run."""

from hypothesis import settings

settings.register_profile("interlock", derandomize=True, database=None, deadline=None, print_blob=True)
settings.load_profile("interlock")
