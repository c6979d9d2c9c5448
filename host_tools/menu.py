"""The menu of `interlock`: a command's module is imported when that command is used, so that help and completion are
quick on a laptop that is not.

A command NAME is the function NAME, or the typer app `app`, of commands/NAME.py (commands/NAME_.py where NAME is a word
of Python's own, or '-' becomes '_').
"""

import importlib
import keyword
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from .interrupts import NobodyReads

MENU: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Set up": {
            "flash": "Make a board on a cable a unit in its box",
            "scan": "List units that invite: docked, or with their button held",
            "labels": "Make, keep and print the labels of boxed units",
            "provision": "Set boxed units up: keys, role, name, clock",
            "pair": "Let a camera follow a holster",
            "place": "See what a holster's sensors say while the weapon is moved",
            "policy": "What units do, and how long they wait: show, set, diff",
            "update": "Give units another release over the air",
        },
        "Every day": {
            "roster": "Who carries what, and when; brought to the units in range",
            "assign": "Bind officer, holster and camera for a shift",
            "status": "What a unit says of itself",
            "sync": "Set a unit's clock",
            "identify": "Let a unit blink, to find it among others",
            "selftest": "Let units test themselves: is it fit for duty?",
            "mode": "Try a holster's sensors, or mute its alerts, for a while",
            "pull": "Fetch what is new of units' journals",
            "dock": "The unattended docking station: pulls whatever is put down",
        },
        "Keys": {
            "rotate": "Change the group's key while everybody stays in service",
            "revoke": "Take a lost unit out of service for good",
            "replace": "Put another unit in a unit's place",
            "vault": "The vault: who can open it, backups, and who used it when",
            "credentials": "Make a technician's vault, for a laptop, or an auditor's",
        },
        "Evidence": {
            "report": "For every use: was video running before it?",
            "why": "Why a verdict is what it is, record by record",
            "verify": "Is each journal as it was written, and who can tell",
            "checkpoint": "Let a unit sign its journal's end now",
            "export": "The evidence of an incident for a court; journals, tables",
            "import": "Journal files, and other computers' stores, into the store",
            "annotate": "Say something of an event, beside its verdict; confirm it",
            "store": "Who did what, what contradicts; forward it to a server",
        },
        "This computer": {
            "doctor": "Is it fit? What hinders Bluetooth, clock, vault or store",
            "bond": "Encrypt the Bluetooth link to a unit, too, where the system can",
        },
        "Without hardware, and for programs": {
            "simulate": "Play a scenario with the real firmware in virtual units",
            "release": "Build and sign what units run",
            "power": "How long a unit lives on its cell, and what that costs in latency",
            "schema": "What a command's --json holds, as JSON Schema",
        },
    }
)
"""Panels in the order in which people meet them; command: what it does, in a line."""


class Menu(TyperGroup):
    """Knows of each command what MENU says, until that command is used."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for panel, lines in MENU.items():
            for name, line in lines.items():
                self.add_command(TyperCommand(name, help=line, rich_help_panel=panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None or name is None else load(name), rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # typer would end with 1, which is findings
            raise NobodyReads from error


def load(name: str) -> Any:
    """The whole command of this name (a click command, or a group of them)."""
    word = name.replace("-", "_")
    module = importlib.import_module(f".commands.{f'{word}_' if keyword.iskeyword(word) else word}", __package__)
    found = getattr(module, "app", None)
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
        alone.command(name)(getattr(module, module.__name__.rpartition(".")[2]))
        command = get_command(alone)
    command.name = name
    return command
