"""Checks the bundle that this file is in: `python3 -I verify.py`, in the folder that the bundle was unpacked to, or
`python3 -I BUNDLE.zip`. Needs Python 3.11 or newer, and nothing else: no network, nothing to install.

All that it runs is beside it, in `verifier/`, as text to be read: the very bytes that SHA256SUMS lists, each compiled
here. Nothing that was compiled before, nothing that is not listed and nothing that was installed is ever run.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - somebody else's Python
    sys.stderr.write("This needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".\n")
    sys.exit(2)
import os

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - before more is imported
# Python's own modules: none that was installed, and none that was put beside this file.
OWN = os.path.dirname(os.__file__)  # noqa: PTH120
DYNAMIC = (os.path.join(OWN, "lib-dynload"), os.path.join(sys.base_prefix, "DLLs"))  # noqa: PTH118
sys.path[:] = [path for path in sys.path if path in (OWN, *DYNAMIC)]
sys.dont_write_bytecode = True  # nothing is added to the bundle

import hashlib  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import zipfile  # noqa: E402
from importlib.abc import Loader  # noqa: E402
from importlib.machinery import ModuleSpec  # noqa: E402
from types import ModuleType  # noqa: E402
from typing import NoReturn  # noqa: E402

SUMS, ROOM = "SHA256SUMS", "verifier/"
LINE = re.compile(rf"([0-9a-f]{{64}})  ({ROOM}(?:host_tools|interlock)/[\w./-]+)", re.ASCII)


def read(name: str) -> bytes:
    """A file of the bundle. OSError or KeyError when it is not there."""
    if PACKED is not None:
        return PACKED.read(name)
    with open(os.path.join(HERE, *name.split("/")), "rb") as file:  # noqa: PTH118, PTH123
        return file.read()


class Listed(Loader):
    """Finds and loads the modules that SHA256SUMS lists, as they are there. `wrong`: what is not as it says."""

    def __init__(self, sums: str) -> None:
        self.sources: dict[str, tuple[str, bytes]] = {}
        self.wrong: list[str] = []
        for line in sums.splitlines():
            found = LINE.fullmatch(line)
            if found is None:
                if f"  {ROOM}" in line:
                    self.wrong.append(f"{line.partition('  ')[2]!a} is no module of a verifier: nothing of it is run")
                continue
            digest, file = found.groups()
            path = file.removeprefix(ROOM).removesuffix(".py")
            name = path.removesuffix("/__init__").replace("/", ".")
            try:
                data = read(file)
            except (OSError, KeyError):
                self.wrong.append(f"{file} is missing, and {SUMS} lists it")
                continue
            if not file.endswith(".py") or name in self.sources:
                self.wrong.append(f"{file} is no module of a verifier, or one of two of one name")
            elif hashlib.sha256(data).hexdigest() != digest:
                self.wrong.append(f"{file} was altered: its SHA-256 is not the one in {SUMS}")
            else:
                self.sources[name] = (file, data)

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> "ModuleSpec | None":
        if name not in self.sources:
            if name.partition(".")[0] in ("host_tools", "interlock"):
                raise ModuleNotFoundError(f"{SUMS} lists no module {name}", name=name)
            return None
        file = self.sources[name][0]
        origin = os.path.join(HERE, *file.split("/"))  # noqa: PTH118
        spec = ModuleSpec(name, self, origin=origin, is_package=file.endswith("/__init__.py"))
        spec.has_location = True
        return spec

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self.sources[module.__name__][1], str(module.__file__), "exec", dont_inherit=True)
        exec(code, module.__dict__)


def stop(wrong: list[str]) -> NoReturn:
    """Said as the verifier says it, which is not run."""
    if "--json" in sys.argv[1:]:
        lines = [{"state": "finding", "part": "Files", "text": text, "is_stated": False} for text in wrong]
        print(json.dumps({"reference": "", "is_sound": False, "lines": lines}))
    else:
        print("Files", *(f"  FINDING  {text}" for text in wrong), sep="\n")
        print("\nTHE BUNDLE IS NOT WHAT IT SAYS IT IS: see the findings above. Nothing in verifier/ was run.")
    sys.exit(1)


PACKED = None
try:
    PACKED = zipfile.ZipFile(HERE) if os.path.isfile(HERE) else None  # noqa: PTH113
    LISTED = Listed(read(SUMS).decode("ascii", "backslashreplace"))
except (OSError, KeyError, zipfile.BadZipFile):
    sys.stderr.write(f"There is no {SUMS} here: this is no whole bundle. Take a whole copy of it.\n")
    sys.exit(2)
if LISTED.wrong:
    stop(LISTED.wrong)
sys.meta_path.insert(0, LISTED)

try:
    from host_tools.exporting.verifier import main
except ImportError as error:
    stop([str(error)])

sys.exit(main(HERE, sys.argv[1:]))
