"""The cost model as Markdown tables, each cost with its source: every cost of every port, and what the other chips of a
port's family cost instead."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from . import CHIPS, PROFILES, Profile


def cost_names() -> list[str]:
    """The fields that are costs, in their order."""
    return [field.name for field in fields(Profile) if "cost" in field.metadata]


def table() -> str:
    """The ports' lines; all figures in microseconds."""
    return _table(PROFILES, cost_names())


def chips_table() -> str:
    """The lines of the chips that are derived, of those costs in which any differs from its port."""
    derived = {name: chip for name, chip in CHIPS.items() if name not in PROFILES}
    own = {profile.port: profile for profile in PROFILES.values()}
    names = [
        name
        for name in cost_names()
        if any(getattr(chip, name) != getattr(own[chip.port], name) for chip in derived.values())
    ]
    return _table(derived, names)


def _table(profiles: Mapping[str, Profile], names: Sequence[str]) -> str:
    what = {field.name: field.metadata["cost"] for field in fields(Profile) if "cost" in field.metadata}
    lines = [
        f"| cost | us of | {' | '.join(profiles)} | sources |",
        f"|---|---|{'---:|' * len(profiles)}---|",
    ]
    for name in names:
        figures = " | ".join(f"{getattr(profile, name):,}" for profile in profiles.values())
        lines.append(f"| `{name.removesuffix('_us')}` | {what[name]} | {figures} | {_sources(profiles, name)} |")
    return "\n".join(lines)


def _sources(profiles: Mapping[str, Profile], name: str) -> str:
    """Profiles with one source side by side."""
    by_source: dict[str, list[str]] = {}
    for port, profile in profiles.items():
        by_source.setdefault(profile.sources[name], []).append(port)
    return "; ".join(f"*{', '.join(ports)}*: {source}" for source, ports in by_source.items())
