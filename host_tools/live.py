"""`interlock simulate --live`: a world at the pace of real time, with a door for host tools in other terminals."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import label
from .console import Console
from .outcome import Exit, ToolError

if TYPE_CHECKING:
    from interlock.core.access import Label
    from simulator.scenario import Scenario


@contextmanager
def world_errors() -> Iterator[None]:
    """What a world raises, as errors for people."""
    from simulator.hardware.interpreter import VmError
    from simulator.hardware.vm import FirmwareError

    try:
        yield
    except VmError as error:
        happened, _, advice = str(error).partition("\n")
        raise ToolError(happened, advice, Exit.DEVICE) from error
    except FirmwareError as error:
        raise ToolError(
            f"the firmware of {error.board} ended with an exception:\n{error.traceback}",
            "This is a defect of the firmware: please report it with the scenario and the seed.",
            Exit.DEVICE,
        ) from error


def play_live(scenario: "Scenario", seed: int, pcap: Path, port: int, as_json: bool) -> None:
    """Play until interrupted, or until a board breaks. Tells address and labels when the world has begun; then each
    line of standard input, such as `H1 draw`, makes something happen. What was done, which unit shows a light and whose
    camera begins and ends to record is told with the world's time: on standard error where standard output is for
    programs."""
    from simulator.world import play_live as play

    def opened(at: int, labels: "list[Label]", do: "Callable[[Any], None]") -> None:
        texts = {}
        for printed in labels:
            serial = label.serial_text(printed.serial)
            texts[serial] = label.label_text(serial, printed.secret)
        if as_json:
            print(json.dumps({"air": f"tcp:127.0.0.1:{at}", "labels": texts}), flush=True)
        else:
            _announce(scenario.name, at, texts)
        _listen(scenario, do, tell)

    def tell(line: str) -> None:
        at_s = asyncio.get_running_loop().time()
        print(f"{at_s:8.1f} s  {line}", file=sys.stderr if as_json else sys.stdout, flush=True)

    try:
        with world_errors():
            play(scenario, seed, pcap, port, opened, tell)
    except KeyboardInterrupt:
        return
    except OSError as error:
        raise ToolError(
            f"port {port} of this machine cannot be opened: {error.strerror}",
            "Is another world live there? End it, or name another port: --port 0 takes any.",
            Exit.DEVICE,
        ) from error


def _listen(scenario: "Scenario", do: "Callable[[Any], None]", tell: Callable[[str], None]) -> None:
    """Let lines of standard input happen in the world."""
    from simulator.scenario import ScenarioError, parse_line

    loop = asyncio.get_running_loop()
    source = sys.stdin.fileno()
    begun = b""

    def read() -> None:
        nonlocal begun
        # By bytes: what Python's own buffer holds back would not wake the loop again.
        data = os.read(source, 4096)
        if not data:
            loop.remove_reader(source)  # nobody types there
        *lines, begun = (begun + data).split(b"\n")
        for line in lines:
            try:
                text = " ".join(line.decode(errors="replace").split())
                if text:
                    do(parse_line(scenario, text))
                    tell(text)
            except ScenarioError as error:
                print(error, file=sys.stderr)

    try:
        loop.add_reader(source, read)
    except (OSError, ValueError):
        pass  # a standard input that cannot be waited for, such as a file: nothing to listen to


def _announce(name: str, port: int, labels: Mapping[str, str]) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{name}[/] plays in real time. Labels, as they are printed on the units:")
    for text in labels.values():
        console.print(f"  {text}", soft_wrap=True)
    console.print(f"In another terminal:  interlock --air tcp:127.0.0.1:{port} scan", soft_wrap=True)
    console.print("Here: a unit and what happens to it, such as [bold]H1 draw[/]; [bold]help[/] lists all.")
    console.print("Ctrl-C ends the world.")
