"""What the VM is started with: `micropython simboot.py FD SCRIPT DIRECTORY...`, in the script's directory (which a
board with a file system of its own does not see).

It puts the doubles before everything else, closes the ways around them, and runs boot.py (when there is one beside
SCRIPT) and SCRIPT as a board runs boot.py and main.py.
An exception that leaves the script is printed, and the VM ends with exit code 1.
"""

import io
import builtins
import sys

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

# Replaced under both names: the VM also knows its own as `utime`, `uos` and so on.
_DOUBLES = ("time", "os", "hashlib", "random", "machine", "bluetooth")

# Real clock, network, threads, terminal, file system. asyncio among them: `_asyncio` reads the real clock in C.
_absent = [
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
]


_import = __import__
simfiles_board: "Any" = None  # gives the module `board` of a board with files of its own


def _import_present(name: str, *args: "Any") -> object:
    """Builtin modules cannot be taken away, so importing them is refused."""
    if name == "board" and simfiles_board is not None:
        return simfiles_board()
    if name.split(".")[0] in _absent:
        raise ImportError("no module named '%s' on a virtual board: simulator/CONFORMANCE.md has what there is" % name)
    return _import(name, *args)


def _main() -> None:
    global simfiles_board
    fd, script, modules = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    sys.path[:] = [sys.path[0], ""] + modules
    import simrt

    simrt.connect(fd)
    for name in _DOUBLES:
        sys.modules["u" + name] = __import__(name)
    sys.modules["sys"] = sys.modules["usys"] = __import__("simsys").module
    sys.modules["micropython"] = __import__("simsched").module
    sys.modules["gc"] = __import__("simgc").module
    if "cryptolib" in simrt.costs["lacks"]:
        _absent.append("ucryptolib")
    if simrt.costs["files"]:
        import simfiles

        _absent.remove("vfs")
        sys.modules["vfs"] = simfiles.module  # type: ignore[assignment]
        simfiles_board = simfiles.board
        simfiles.mount("%s/boards/%s/_boot.py" % (modules[0], simrt.costs["board"]))
        sys.path[:] = ["", "/lib"] if simrt.profile != "stm32wb" else ["", "/flash", "/flash/lib"]
    builtins.__import__ = _import_present  # type: ignore[assignment]
    del sys.argv[:]
    simrt.watch_heap()
    try:
        _run("boot.py", True)
        _run(script, True)  # a board without one stands at its prompt
    except sys.modules["machine"].SoftReset:
        simrt.call("chip.soft_reset")
    except Exception as e:  # noqa: BLE001  # whatever leaves the script: its traceback, without the lines of this file
        text = io.StringIO()
        sys.print_exception(e, text)
        print("\n".join([line for line in text.getvalue().split("\n") if __file__ not in line]), end="")
        sys.exit(1)


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
