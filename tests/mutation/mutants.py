"""The mutants of one file of the core, as mutmut's operators make them. Pure.

Why not mutmut's own runner, 3.8.1. It takes a mutant's module name from the file's path, of which only a leading `src.`
is stripped (`utils/format_utils.py`), while the trampoline compares with `__module__`: here that is
`firmware.interlock.core.x` against `interlock.core.x`, so that every mutant has "no tests", and `setup_source_paths`
puts no `firmware/` on the path. It rewrites the files, yet our tests read them (`tests/property/mutated.py` damages
their lines, the builder compiles them). It stops a mutant by wall time, which several jobs on two cores make
meaningless, knows no budget of minutes, and keeps no list of explained survivors.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, OuterFunctionProvider, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

REFUSALS = frozenset(("ValueError", "OSError", "JournalError", "SettingsError", "NotImplementedError"))


class Mutant(NamedTuple):
    """One change. `key` names it as long as its function reads the same; `source` is the whole file, changed."""

    key: str
    module: str
    function: str  # its qualified name, as Python has it: "Journal.append"; "": of the module
    lines: tuple[int, int]  # of the changed piece, in the sound file
    was: str
    now: str
    source: str
    rule: str | None  # the rule by which it is left out


class _Visitor(MutationVisitor):
    """mutmut's, with the parents of each node at hand for the rules."""

    METADATA_DEPENDENCIES = (PositionProvider, OuterFunctionProvider, ParentNodeProvider)

    def _create_mutations(self, node: cst.CSTNode) -> None:
        before = len(self.mutations)
        super()._create_mutations(node)
        if len(self.mutations) > before:
            where = self.get_metadata(PositionProvider, node)
            place = (where.start.line, where.end.line)
            rule = self._rule(node)
            for mutation in self.mutations[before:]:
                is_none = _is_false(node) and _value_name(mutation.mutated_node) == "None"
                self.found.append((mutation, place, "None for False" if is_none else rule))

    def _rule(self, node: cst.CSTNode) -> str | None:
        """The rule by which changes of this node are left out, if any."""
        inner: cst.CSTNode = node
        while not isinstance(inner, cst.Module):
            outer = self.get_metadata(ParentNodeProvider, inner)
            if isinstance(outer, cst.Raise) and isinstance(inner, cst.Call) and _name(inner.func) in REFUSALS:
                return "words of a refusal"
            inner = outer
        return None


def _value_name(node: cst.CSTNode) -> str:
    """The name that this assignment assigns, if it is one."""
    return _name(node.value) if isinstance(node, cst.Assign | cst.AnnAssign) and node.value is not None else ""


def _is_false(node: cst.CSTNode) -> bool:
    """Whether False is assigned. None is as good, since the core asks whether a truth `is` False of `is_sound` only."""
    return _value_name(node) == "False" and "is_sound" not in cst.Module([]).code_for_node(node)


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _visited(source: str) -> tuple[MetadataWrapper, cst.Module, _Visitor]:
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    visitor.found = []
    return wrapper, wrapper.visit(visitor), visitor


def count_of(source: str, tables: bool) -> int:
    """How many mutants the file has, at most: those that read alike are not told apart."""
    _, _, visitor = _visited(source)
    return sum(tables or mutation.contained_by_top_level_function is not None for mutation, _, _ in visitor.found)


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of this file, in its order. Two that read alike are one."""
    wrapper, tree, visitor = _visited(source)
    names = _functions(source)
    places = wrapper.resolve(PositionProvider)
    seen = {source}
    keys: dict[str, int] = {}
    for mutation, lines, rule in visitor.found:
        function = mutation.contained_by_top_level_function
        if isinstance(function, cst.FunctionDef):
            name = names[places[function].start.line]
            span = range(places[function].start.line - 1, places[function].end.line)
            changed, was, now = _spliced(tree, source, function, span, mutation)
        else:
            name = ""
            changed = deep_replace(tree, mutation.original_node, mutation.mutated_node).code
            lines_of_both = source.splitlines(), changed.splitlines()
            head, tail = _shared(*lines_of_both)
            was, now = (_joined(each[head : len(each) - tail]) for each in lines_of_both)
        if changed in seen:
            continue
        seen.add(changed)
        key = f"{module}{name and '.'}{name}: {was} -> {now}"
        keys[key] = keys.get(key, 0) + 1
        if keys[key] > 1:
            key += f" ({keys[key]})"
        yield Mutant(key, module, name, lines, was, now, changed, rule)


def _spliced(
    tree: cst.Module, source: str, function: cst.FunctionDef, span: range, mutation: Mutation
) -> tuple[str, str, str]:
    """(the file with the mutant, lines before, lines after): only the function's own lines are made anew."""
    ill = deep_replace(function, mutation.original_node, mutation.mutated_node)
    assert isinstance(ill, cst.FunctionDef)
    sound_made, ill_made = (_rendered(tree, each) for each in (function, ill))
    head, tail = _shared(sound_made, ill_made)
    lines = source.splitlines()
    first = lines[span.start]
    indent = first[: len(first) - len(first.lstrip())]
    was = lines[span.start + head : span.stop - tail]
    now = [indent + line for line in ill_made[head : len(ill_made) - tail]]
    changed = [*lines[: span.start + head], *now, *lines[span.stop - tail :]]
    return "\n".join(changed) + "\n", _joined(was), _joined(now)


def _rendered(tree: cst.Module, function: cst.FunctionDef) -> list[str]:
    """The function's lines from `def` on, as if it were outermost."""
    bare = function.with_changes(leading_lines=[], decorators=[], lines_after_decorators=[])
    return tree.code_for_node(bare).rstrip("\n").splitlines()


def _functions(source: str) -> dict[int, str]:
    """The qualified names of top functions and methods, by the line of their `def`."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            found[node.lineno] = node.name
        elif isinstance(node, ast.ClassDef):
            found |= {
                each.lineno: f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)
            }
    return found


def _shared(sound: list[str], changed: list[str]) -> tuple[int, int]:
    """How many lines are the same at the begin, and how many at the end."""
    head = 0
    while head < min(len(sound), len(changed)) and sound[head] == changed[head]:
        head += 1
    tail = 0
    while tail < min(len(sound), len(changed)) - head and sound[-1 - tail] == changed[-1 - tail]:
        tail += 1
    return head, tail


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)
