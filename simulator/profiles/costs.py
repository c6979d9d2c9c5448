"""The cost model as one Markdown table: every cost of every profile, with its source."""

from dataclasses import fields

from . import PROFILES, Profile


def cost_names() -> list[str]:
    """The fields that are costs, in their order."""
    return [field.name for field in fields(Profile) if "cost" in field.metadata]


def table() -> str:
    """The table's lines; all figures in microseconds."""
    what = {field.name: field.metadata["cost"] for field in fields(Profile) if "cost" in field.metadata}
    ports = list(PROFILES)
    lines = [
        f"| cost | us of | {' | '.join(ports)} | sources |",
        f"|---|---|{'---:|' * len(ports)}---|",
    ]
    for name in cost_names():
        figures = " | ".join(f"{getattr(PROFILES[port], name):,}" for port in ports)
        lines.append(f"| `{name.removesuffix('_us')}` | {what[name]} | {figures} | {_sources(name)} |")
    return "\n".join(lines)


def _sources(name: str) -> str:
    """Ports with one source side by side."""
    by_source: dict[str, list[str]] = {}
    for port, profile in PROFILES.items():
        by_source.setdefault(profile.sources[name], []).append(port)
    return "; ".join(f"*{', '.join(ports)}*: {source}" for source, ports in by_source.items())
