"""The console script `interlock`: one place where errors become text, JSON and exit codes.

With --json, standard output holds either what the command's schema says or, when the command failed before it had a
result, `{"error": {"happened", "advice", "code"}}`; the text for people is on standard error in both cases.

Little is imported here: from its first moments on, Ctrl-C finds somebody who answers it.
"""

import io
import os
import sys
from typing import NoReturn

from . import interrupts
from .outcome import Exit, Misused, ToolError

INTERRUPTED = "\ninterlock: interrupted. Whatever was done is safe; run it again to go on."


def main() -> None:
    """Run one command and leave with its exit code."""
    _open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that this console's code page lacks ends nothing
    with interrupts.watched() as ending:
        try:
            from .program import run

            code = run()
            sys.stdout.flush()
            if code == ending.CTRL_C:
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            interrupts.forget()
            print(INTERRUPTED, file=sys.stderr)
            sys.exit(ending.code)
        except ToolError as error:
            _fail(error)
        except (BrokenPipeError, interrupts.NobodyReads):
            interrupts.silence()
            sys.exit(interrupts.BROKEN_PIPE)
        except Exception as error:  # noqa: BLE001 -- a traceback's exit code is that of findings, and it has no JSON
            _fail(_unforeseen(error))
        sys.exit(code if isinstance(code, int) else 0)


def _open_closed_streams() -> None:
    """One that whoever started this closed leads nowhere: else the next file that is opened would have its number, and
    get what a process started from here says."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(handle, True)
            setattr(sys, name, os.fdopen(handle, mode, errors="backslashreplace" if mode == "w" else None))


def _unforeseen(error: Exception) -> ToolError:
    """That this program is wrong. The error's own text is not told: it may repeat a label or a passphrase."""
    import traceback
    from pathlib import Path

    at = traceback.extract_tb(error.__traceback__)[-1]
    return ToolError(
        f"an error in this program: {type(error).__name__} in {Path(at.filename).name}, line {at.lineno}",
        "Whatever was done is safe. Please report it, together with the command that you gave.",
        Exit.DEVICE,
    )


def _fail(error: ToolError) -> NoReturn:
    if not isinstance(error, Misused):
        print(f"interlock: {error}\n{error.advice}", file=sys.stderr)
    if "--json" in sys.argv[1:]:
        import json

        told = {"happened": str(error), "advice": error.advice, "code": int(error.code)}
        print(json.dumps({"error": told}, indent=2))
    sys.exit(int(error.code))
