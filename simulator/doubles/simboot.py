"""What the VM is started with: `micropython simboot.py FD SCRIPT DIRECTORY...`, in the script's directory.

It puts the doubles before everything else, closes the ways around them, and runs boot.py (when there is one beside
SCRIPT) and SCRIPT as a board runs boot.py and main.py.
An exception that leaves the script leaves this file too, and the VM prints it.
"""

import sys

# Replaced under both names: the VM also knows its own as `utime`, `uos` and so on.
_DOUBLES = ("time", "os", "hashlib", "random", "machine", "bluetooth")

# Real clock, network, threads, terminal, file system. asyncio among them: `_asyncio` reads the real clock in C.
_ABSENT = (
    "_asyncio",
    "_thread",
    "asyncio",
    "uasyncio",
    "select",
    "uselect",
    "socket",
    "usocket",
    "ssl",
    "tls",
    "termios",
    "websocket",
    "uwebsocket",
    "vfs",
)


class _Absent:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        raise ImportError("no module named '%s' on a virtual board" % self._name)


def _main() -> None:
    fd, script = int(sys.argv[1]), sys.argv[2]
    sys.path[:] = [sys.path[0], ""] + sys.argv[3:]
    import simrt

    simrt.connect(fd)
    for name in _ABSENT:
        sys.modules[name] = _Absent(name)  # type: ignore[assignment]  # its whole point
    for name in _DOUBLES:
        sys.modules["u" + name] = __import__(name)
    del sys.argv[:]
    simrt.watch_heap()
    _run("boot.py", True)
    _run(script, False)


def _run(script: str, is_optional: bool) -> None:
    try:
        file = open(script)
    except OSError:
        if is_optional:
            return
        raise
    with file:
        code = compile(file.read(), script, "exec")
    exec(code, {"__name__": "__main__"})


_main()
