"""Frozen into a build for this board: our `_boot.py` in the place of the port's, which would format the journal away on
any mount error; so the port's own manifest, which brings that one, is not included. `make FROZEN_MANIFEST=...` takes
it."""

module("rp2.py", base_path="$(PORT_DIR)/modules")  # noqa: F821  # what the build provides
module("_boot.py", opt=3)  # noqa: F821
include("../../manifest.py")  # noqa: F821
