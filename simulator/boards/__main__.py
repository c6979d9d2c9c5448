"""The command line of `python -m simulator.boards`; what it does is `bench.py` and, for --serve, `served.py`."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ..clock import HeldLoop, VirtualTimeDeadlock, run
from ..door import HOST, Door
from ..entropy import seeded_entropy
from ..hardware.interpreter import VmError, find_vm, vm_version
from ..profiles import CHIPS
from ..radio.air import Air
from ..radio.pcap import PcapWriter
from .bench import Bench, Transcript, UsageError, known_profile, seats
from .served import serve
from .turns import Turns
from .typist import Typist

FAILED, USAGE, DEVICE = 1, 2, 3

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def boards(
    scripts: Annotated[
        list[str] | None, typer.Argument(metavar="[PORT:]SCRIPT.py ...", help="One board each; rp2:A.py plays an rp2")
    ] = None,
    port: Annotated[str, typer.Option(help=f"What boards play: {', '.join(CHIPS)}")] = "esp32",
    is_live: Annotated[bool, typer.Option("--live", help="At the pace of real time instead of virtual time")] = False,
    limit_s: Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="End the run after so long")] = None,
    must_end: Annotated[bool, typer.Option("--must-end", help="A script that has not ended by itself failed")] = False,
    stdin: Annotated[
        list[str] | None,
        typer.Option(metavar="[BOARD=]FILE", help="What a board is typed; - is this command's standard input"),
    ] = None,
    pcap: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is on the air to it")] = None,
    seed: Annotated[int, typer.Option(help="All chance in the world follows from it")] = 1,
    files: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the boards' file systems there, a folder for each")
    ] = None,
    door: Annotated[
        int | None, typer.Option(metavar="TCP_PORT", help="With --live: let Bluetooth hosts of this machine in; 0: any")
    ] = None,
    served: Annotated[
        Path | None,
        typer.Option("--serve", metavar="DIR", help="Live; make DIR/board0, DIR/board1, ...: each a `micropython`"),
    ] = None,
    served_boards: Annotated[
        str, typer.Option("--boards", metavar="NUMBER|PORT,PORT...", help="What --serve makes: so many, or these")
    ] = "2",
    by_turns: Annotated[
        bool, typer.Option("--turns", help="With --serve: virtual time, by the turns of MicroPython's multi-tests")
    ] = False,
) -> None:
    """Run MicroPython scripts, one virtual board each, on one air, and print what they print.

    Exit codes: 0 done; 1 a script ended by an exception or with an exit code, or with --must-end did not end; 2 usage;
    3 no usable MicroPython VM."""
    if served is not None:
        is_live = not by_turns
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # how runners end it: the boards' programs go, too
    try:
        seated = seats(scripts or (), port)
        if not seated and served is None:
            raise UsageError("name a script, or --serve DIR")
        if by_turns and served is None:
            raise UsageError("--turns needs --serve: it is for who runs the served boards")
        if door is not None and not is_live:
            raise UsageError("--door needs --live: who comes in lives in real time")
        typist = Typist(stdin or (), seated, is_live=is_live)
        ports = [port] * int(served_boards) if served_boards.isdecimal() else served_boards.split(",")
        profiles = {f"board{number}": known_profile(name) for number, name in enumerate(ports)}
        turns = Turns(list(profiles))
        vm_version(find_vm())
        with contextlib.ExitStack() as stack:
            stack.enter_context(seeded_entropy(seed))
            room = files or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="boards-")))
            writer = stack.enter_context(PcapWriter(pcap)) if pcap else None
            bench = Bench(seated, seed, room, Transcript(_say), typist.consoles)

            async def main() -> None:
                air = Air(seed)
                if writer is not None:
                    air.observers.append(writer)
                    air.data_observers.append(writer.data)
                typist.begin()
                async with contextlib.AsyncExitStack() as guests:
                    if door is not None:
                        opened = Door(air, port=door)
                        guests.push_async_callback(opened.close)
                        _note(f"Bluetooth hosts come in by tcp:{HOST}:{await opened.open()}")
                    if served is not None:
                        await guests.enter_async_context(serve(served, profiles, turns, air, seed, room))
                        _note("serving " + ", ".join(str(served / name) for name in profiles))
                    async with asyncio.timeout(limit_s):
                        await bench.play(air)
                        if served is not None:
                            await asyncio.get_running_loop().create_future()

            try:
                if by_turns:
                    with asyncio.Runner(loop_factory=lambda: HeldLoop(turns.is_held)) as runner:
                        runner.run(main())
                else:
                    run(main(), paced=is_live)
            except TimeoutError:
                pass  # as --for said
            except VirtualTimeDeadlock:
                _note(f"nothing can happen any more: {', '.join(bench.running)} wait for what nobody will do")
    except UsageError as error:
        _leave(str(error), USAGE)
    except (VmError, OSError) as error:
        _leave(str(error), DEVICE)
    for name, how in bench.failed.items():
        _note(f"{name} {how}")
    if must_end:
        for name in bench.running:
            _note(f"{name} had not ended")
    if bench.failed or (must_end and bench.running):
        raise typer.Exit(FAILED)


def _say(time_us: int, name: str, line: str) -> None:
    print(f"{time_us / 1e6:11.6f} {name}: {line}", flush=True)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _leave(text: str, code: int) -> NoReturn:
    _note(f"boards: {text}")
    raise typer.Exit(code)


if __name__ == "__main__":
    app(prog_name="python -m simulator.boards")
