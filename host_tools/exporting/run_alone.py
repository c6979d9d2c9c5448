"""Checks the bundle that this file is in: `python3 verify.py`, in the folder that the bundle was unpacked to, or
`python3 BUNDLE.zip`. Needs Python 3.11 or newer, and nothing else: no network, nothing to install.

All that it runs is beside it, in `verifier/`, as text to be read.
"""

import os
import sys

sys.dont_write_bytecode = True  # nothing is added to the bundle
HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - old Pythons are told, too
if sys.version_info < (3, 11):  # noqa: UP036 - somebody else's Python
    sys.stderr.write("This needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".\n")
    sys.exit(2)
# Python's own modules, then those in verifier/: none that was installed, and none that was put beside this file.
OWN = os.path.dirname(os.__file__)  # noqa: PTH120
DYNAMIC = (os.path.join(OWN, "lib-dynload"), os.path.join(sys.base_prefix, "DLLs"))  # noqa: PTH118
sys.path[:] = [path for path in sys.path if path in (OWN, *DYNAMIC)] + [os.path.join(HERE, "verifier")]  # noqa: PTH118

from host_tools.exporting.verifier import main  # noqa: E402

sys.exit(main(HERE, sys.argv[1:]))
