"""Starts the application: `main.py` calls `run`, and that is all it does.

| found | done |
|---|---|
| at power-on the button held for two seconds | no application: safe mode |
| the file `/hold` | no application, the prompt: somebody with a cable is at work |
| a release in `/a` or `/b` | that one, as `slots.py` says; an exception out of it is counted, and the unit restarts |
| neither folder | the package `interlock` on the import path, as it is: development, or a frozen build |

No watchdog runs before the application starts its own, but for a release on trial. Ctrl-C leads to the prompt: in safe
mode for half a minute, then the unit goes on, since the button may stick; when no release starts for five minutes, then
it tries again (sooner where the watchdog of what failed ends the wait): nobody may be there.
"""

import gc
import hashlib
import io
import sys
import time

import machine

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    from .keeper import Keeper

HOLD_MS = 2000
WATCHDOG_MS = 8000  # RP2040's has no more than 8388; the application's own then takes its place
FULL = b"FULL"
SAFE_S = 30
AGAIN_S = 300
_POLL_MS = 20
_MOUNT = "/app"
_HOLD = "/hold"


def run() -> None:
    """Start the unit. Returns only to the prompt."""
    try:
        import board
    except ImportError:
        _wait("there is no /board.py (interlock flash brings it)")
        return
    # At power-on only: a button that wakes the unit is held for a while, too.
    if machine.reset_cause() == machine.PWRON_RESET and _is_held(board):
        if not _is_patient("the button was held, so this is safe mode", SAFE_S):
            return
    if _is_there(_HOLD):
        print("interlock: /hold is there, so nothing was started; remove it and reset")
        return
    if not (_is_there("/a") or _is_there("/b")):
        try:
            import interlock  # noqa: F401
        except ImportError:
            _wait("there is no application (interlock flash brings it)")
            return
        _main(board, None)
        return
    from .keeper import Keeper

    keeper = Keeper(board.NAME)
    if keeper.has_release():
        _run_release(board, keeper)
    else:
        # This unit was made to run releases: what else lies on its path is none.
        _wait("there is no whole release in /a or /b")


def _run_release(board: "Any", keeper: "Keeper") -> None:
    slot = keeper.begin(_was_reset())
    watchdog = None
    try:
        import vfs

        from .mounted import Mounted
        from .slots import TRIAL

        vfs.mount(Mounted(keeper.path(slot)), _MOUNT)
        sys.path.insert(0, _MOUNT)
        keeper.slot = slot
        if keeper.state.standing == TRIAL:
            # Whoever proved nothing yet may hang before it has a watchdog of its own.
            watchdog = machine.WDT(timeout=WATCHDOG_MS)
        _main(board, keeper)
        raise RuntimeError("the application ended")
    except KeyboardInterrupt:
        print("interlock: stopped by hand")
        return
    except Exception as error:  # noqa: BLE001  # whatever it is, the unit goes on
        gc.collect()
        sys.print_exception(error)  # type: ignore[attr-defined,unused-ignore]
        gives_up = keeper.crashed(_mark(error))
    if gives_up:
        _wait("no release starts", watchdog)
    else:
        machine.reset()


def _mark(error: BaseException) -> bytes:
    """Four bytes that tell an exception: of the SHA-256 of its class, a space, and the last line of its traceback that
    begins with "File" (without its indentation); FULL when there is no memory for that."""
    text = io.StringIO()
    place = ""
    try:
        sys.print_exception(error, text)  # type: ignore[attr-defined,unused-ignore]
        for line in text.getvalue().split("\n"):
            if line.strip().startswith("File"):
                place = line.strip()
        mark: bytes = hashlib.sha256((type(error).__name__ + " " + place).encode()).digest()[:4]
        return mark
    except MemoryError:
        return FULL


def _main(board: "Any", keeper: "Keeper | None") -> None:
    from interlock.app import main

    ours = board.load()
    ours.keeper = keeper
    gc.collect()
    main(ours)


def _was_reset() -> bool:
    """Whether a reset came before that the application may be to blame for."""
    cause = machine.reset_cause()
    return cause in (machine.WDT_RESET, getattr(machine, "HARD_RESET", machine.WDT_RESET))


def _is_held(board: "Any") -> bool:
    """Whether the button is held now, and for two seconds on. Costs no time when it is not."""
    active: int = board.BUTTON_ACTIVE
    pull = machine.Pin.PULL_DOWN if active else machine.Pin.PULL_UP
    button = machine.Pin(board.BUTTON, machine.Pin.IN, pull)
    for _ in range(HOLD_MS // _POLL_MS):
        if button.value() != active:
            return False
        time.sleep_ms(_POLL_MS)
    return True


def _is_there(path: str) -> bool:
    import os

    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _wait(why: str, watchdog: "Any" = None) -> None:
    """No application for a while, and then a restart."""
    if _is_patient(why, AGAIN_S, watchdog):
        machine.reset()


def _is_patient(why: str, seconds: int, watchdog: "Any" = None) -> bool:
    """Whether nobody came in this time: Ctrl-C leads to the prompt. `watchdog`: the loader's, if one runs."""
    print("interlock: %s.\nCtrl-C leads to the prompt. In %d seconds the unit tries again." % (why, seconds))
    try:
        for _ in range(seconds):
            time.sleep_ms(1000)
            if watchdog is not None:
                watchdog.feed()
    except KeyboardInterrupt:
        return False
    return True
