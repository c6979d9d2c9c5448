"""What applications ask of the loader. A unit keeps the loader that it was flashed with, so a release that asks for
more than that one has must say so (`container.LOADER`, in its manifest), and is refused before it is switched to."""

import ast
from pathlib import Path

from interlock_loader import container, keeper, slots

APPLICATION = Path(__file__).resolve().parents[2] / "firmware" / "interlock"
# What applications ask of the present LOADER. In the field a change of this table is a new LOADER: a name that came, or
# means something else now, is not in the loaders that units have.
LOADER = 1
ASKED = {
    "container": "ContainerError FIXED_BYTES HEAD_BYTES LOADER Manifest Member head head_sizes read_head signed_bytes "
    "unpack_manifest whole_bytes why_not_here",
    "slots": "NONE NO_CRASH TRIAL",
    "state": "active crash failed fell_from floor standing",
    "keeper": "after_crash arrives board expect healthy install path slot state was_expected",
}


def asked():
    """{(module, name)} of all that the application names: what it imports, attributes of `container`, of a keeper and
    of its state."""
    found = set()
    for path in sorted(APPLICATION.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        fields = set(slots.Slots._fields) if "keeper" in text else set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("interlock_loader."):
                module = (node.module or "").rpartition(".")[2]
                found |= {(module, alias.name) for alias in node.names}
            elif isinstance(node, ast.Attribute):
                whose = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
                if whose.lstrip("_") in ("keeper", "container"):
                    found.add((whose.lstrip("_"), node.attr))
                elif whose == "state" and node.attr in fields:
                    found.add(("state", node.attr))
    return found - {("keeper", "Keeper")}  # for annotations


def test_the_application_asks_of_the_loader_what_its_number_says():
    assert container.LOADER == LOADER
    known = {(module, name) for module, names in ASKED.items() for name in names.split()}
    assert asked() == known, "a change of this, once units are in the field, is LOADER + 1 in container.py"


def test_the_loader_has_all_that_it_is_asked_for():
    for module, name in asked():
        place = {"container": container, "slots": slots, "state": slots.Slots, "keeper": keeper.Keeper}[module]
        source = ast.dump(ast.parse(Path(keeper.__file__).read_text(encoding="utf-8"))) if module == "keeper" else ""
        assert hasattr(place, name) or f"attr='{name}'" in source, f"{module}.{name}"
