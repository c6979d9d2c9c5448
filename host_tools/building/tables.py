"""State machines for boards: a table of rules becomes bytes, and what it names becomes places in a tuple.

Names of guards and actions are for people, who read them in the documents. A rule of a table takes about a hundred
bytes of a unit's memory; packed, about ten. `core/machine.py` runs either, `Packed` the bytes.
"""

import ast
from collections.abc import Iterable

from interlock.core.machine import NOTHING, RULE_HEAD_BYTES

from .live import Item
from .source import BuildError

RULE = ":Rule"
PACKED = "interlock.core.machine:Packed"
_MODES = 16


def _tuple(node: ast.expr, known: dict[str, ast.expr]) -> list[ast.expr]:
    """The members of a tuple that is written out, named, or put together."""
    if isinstance(node, ast.Tuple):
        return node.elts
    if isinstance(node, ast.Name) and node.id in known:
        return _tuple(known[node.id], known)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _tuple(node.left, known) + _tuple(node.right, known)
    raise BuildError(f"line {node.lineno}: a rule's modes and actions are tuples that can be worked out here")


def _number(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and node.value is None:
        return NOTHING
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and 0 <= node.value < NOTHING:
        return node.value
    raise BuildError(f"line {node.lineno}: a rule's modes and events are small numbers, or None")


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise BuildError(f"line {node.lineno}: guards and actions have texts as names")


def packed(rules: list[ast.expr], known: dict[str, ast.expr]) -> tuple[bytes, list[str], list[str]]:
    """(bytes of these rules, the guards and the actions that they name, in the order of their numbers)."""
    guards: dict[str, int] = {}
    actions: dict[str, int] = {}
    out = b""
    for rule in rules:
        if not (isinstance(rule, ast.Call) and isinstance(rule.func, ast.Name) and rule.func.id.endswith(RULE)):
            raise BuildError(f"line {rule.lineno}: a table of rules has rules only")
        states, event, guard, then, do = rule.args
        modes = sum(1 << _number(one) for one in _tuple(states, known))
        if modes >> _MODES:
            raise BuildError(f"line {rule.lineno}: a machine has at most {_MODES} modes")
        held = NOTHING
        if not (isinstance(guard, ast.Constant) and guard.value is None):
            held = guards.setdefault(_text(guard), len(guards))
        places = bytes(actions.setdefault(_text(one), len(actions)) for one in _tuple(do, known))
        head = (RULE_HEAD_BYTES + len(places), _number(event), modes >> 8, modes & 0xFF, held, _number(then))
        out += bytes(head) + places
    return out, list(guards), list(actions)


def pack(items: Iterable[Item]) -> None:
    """Rewrite all machines among these items (they are changed)."""
    held = {name: item for item in items for name in item.names}
    known = {name: item.node.value for name, item in held.items() if isinstance(item.node, ast.Assign)}
    for name, item in held.items():
        if not name.endswith(":MACHINE") or not isinstance(item.node, ast.Assign):
            continue
        call = item.node.value
        assert isinstance(call, ast.Call)
        table, guards, actions = call.args
        data, by_guard, by_action = packed(_tuple(table, known), known)
        call.func = ast.Name(PACKED, ast.Load())
        call.args = [ast.Constant(data), _order(guards, known, by_guard), _order(actions, known, by_action)]


def _order(table: ast.expr, known: dict[str, ast.expr], texts: list[str]) -> ast.expr:
    """Of a table {text: function} the tuple of those functions, in this order."""
    held = known[table.id] if isinstance(table, ast.Name) else table
    if not isinstance(held, ast.Dict):
        raise BuildError(f"line {table.lineno}: guards and actions are dicts that are written out")
    functions = {_text(key): value for key, value in zip(held.keys, held.values, strict=True) if key is not None}
    for text in texts:
        if text not in functions:
            raise BuildError(f"line {table.lineno}: a rule names {text!r}, which is not there")
    return ast.Tuple([functions[text] for text in texts], ast.Load())
