"""Frozen into a build for this board: what its port freezes, and the application. `make FROZEN_MANIFEST=...` takes
it."""

include("$(PORT_DIR)/boards/manifest.py")  # noqa: F821  # what the build provides
include("../../manifest.py")  # noqa: F821
