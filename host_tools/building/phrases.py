"""The same said in fewer bytes: forms that mpy-cross makes longer code of than it has to. No effect and no order of
effects changes where nothing fails, and a unit takes no more memory for it; where what is called cannot be looked up,
that fails before what its arguments do.

- `a is not b` is compiled as `a is b` and a turn of the answer; written as `not a is b`, a jump takes the turn in.
- A call at a function's end, of what returns nothing ever, is returned: else its nothing is thrown away, and another
  one loaded. What returns nothing, `Quiet` knows.
- A name that is set, and read once by what runs next, is a place on the stack that nobody needs; nor does anybody need
  the tuple whose members a call takes one by one.
- Fields of a namedtuple by their names, in the order in which it has them, need no names.
"""

import ast
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from .attributes import is_namedtuple, texts
from .live import Item
from .names import MARK, is_absolute, is_ours
from .source import walk

QUIET_OF_LISTS = frozenset(("append", "extend", "insert", "sort"))
"""Methods of MicroPython's that return nothing, whatever has them."""
_FUNCTIONS = ast.FunctionDef | ast.Lambda


def _own(function: ast.FunctionDef) -> Iterable[ast.AST]:
    """What is in a function, and in none within it."""
    todo: list[ast.AST] = [*function.body]
    for node in todo:
        yield node
        if not isinstance(node, _FUNCTIONS):
            todo += ast.iter_child_nodes(node)


class Quiet:
    """Which functions and methods of ours return nothing, whoever calls them. `kept`: attributes that code from
    elsewhere may have, too; of an attribute that is set, or that a text names, nobody knows what a call of it runs."""

    def __init__(self, items: list[Item], kept: set[str]) -> None:
        self._by_name: dict[str, list[ast.FunctionDef]] = {}
        moving: set[str] = set()
        for item in items:
            node = item.node
            if isinstance(node, ast.FunctionDef):
                self._by_name[node.name] = [node]
            for one in getattr(node, "body", []) if isinstance(node, ast.ClassDef) else []:
                if isinstance(one, ast.FunctionDef):
                    self._by_name.setdefault("." + one.name, []).append(one)
                elif isinstance(one, ast.Assign):
                    moving |= {target.id for target in one.targets if isinstance(target, ast.Name)}
            for inner in walk(node):
                if isinstance(inner, ast.Attribute) and not isinstance(inner.ctx, ast.Load):
                    moving.add(inner.attr)
                elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    moving |= set(inner.value.split())
        for name in moving | (kept - QUIET_OF_LISTS):
            self._by_name.pop("." + name, None)
        for name in QUIET_OF_LISTS - moving:
            self._by_name.setdefault("." + name, [])
        while True:
            loud = [name for name, held in self._by_name.items() if not all(self._says_nothing(one) for one in held)]
            if not loud:
                return
            for name in loud:
                del self._by_name[name]

    def _says_nothing(self, function: ast.FunctionDef) -> bool:
        for node in _own(function):
            if isinstance(node, ast.Yield | ast.YieldFrom):
                return False
            if isinstance(node, ast.Return) and not _is_nothing(node.value) and not self.is_call(node.value):
                return False
        return True

    def is_call(self, node: ast.AST | None) -> bool:
        """Whether this calls what returns nothing."""
        if not isinstance(node, ast.Call):
            return False
        called = node.func
        if isinstance(called, ast.Attribute):
            return "." + called.attr in self._by_name
        return isinstance(called, ast.Name) and is_absolute(called.id) and called.id in self._by_name


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


class Still:
    """Which attributes an object has the same from its making on: methods, fields of namedtuples, and what `__init__`
    alone sets. `kept`: as in `Quiet`."""

    def __init__(self, items: list[Item], kept: set[str]) -> None:
        found: set[str] = set()
        moving = set(kept)
        fields: set[int] = set()
        for item in items:
            methods = [one for one in getattr(item.node, "body", []) if isinstance(one, ast.FunctionDef)]
            making: set[int] = set()
            for method in methods if isinstance(item.node, ast.ClassDef) else []:
                (moving if method.decorator_list else found).add(method.name)
                if method.name == "__init__":
                    me = method.args.args[0].arg
                    making = {id(one) for one in _own(method) if _is_of(one, me)}
            for node in walk(item.node):
                if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                    (found if id(node) in making else moving).add(node.attr)
                elif is_namedtuple(node):
                    fields |= {id(text) for text in texts(node.args[1])}
                elif id(node) in fields:
                    found |= set(str(getattr(node, "value", "")).split())
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    moving |= set(node.value.split())  # `setattr` may be given it
        self._attributes = found - moving

    def is_still(self, node: ast.expr) -> bool:
        """Whether it is the same before and after what stands beside it: literals, names, and such attributes of them.
        No expression sets a name."""
        while isinstance(node, ast.Attribute) and (node.attr in self._attributes or _is_module(node.value)):
            node = node.value
        return isinstance(node, ast.Constant | ast.Name)


def _is_of(node: ast.AST, me: str) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me


def _is_module(node: ast.expr) -> bool:
    """Whether it is a module of MicroPython's, whose functions stay what they are."""
    return isinstance(node, ast.Name) and is_absolute(node.id) and node.id.endswith(MARK) and not is_ours(node.id)


class _Phrases(ast.NodeTransformer):
    def __init__(self, quiet: Quiet, still: Still, fields: dict[str, list[str]]) -> None:
        self._quiet = quiet
        self._still = still
        self._fields = fields

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        turned: ast.cmpop | None = None
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.IsNot):
            turned = ast.Is()
        elif len(node.ops) == 1 and isinstance(node.ops[0], ast.NotIn):
            turned = ast.In()
        if turned is None:
            return node
        return ast.UnaryOp(ast.Not(), ast.Compare(node.left, [turned], node.comparators))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        named = self._fields.get(node.func.id, []) if isinstance(node.func, ast.Name) else []
        by_name = [one.arg for one in node.keywords]
        if by_name and len(node.args) + len(by_name) == len(named) and named[len(node.args) :] == by_name:
            node.args += [one.value for one in node.keywords]
            node.keywords = []
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        Once(node, self._still).write()
        self._end(node.body, is_last=True)
        return node

    def _end(self, body: list[ast.stmt], *, is_last: bool) -> None:
        """Return the calls that a function ends with, in this block (it is changed). `is_last`: whether nothing runs
        behind it."""
        for one in body[:-1] if is_last else body:
            for inner in (getattr(one, "body", None), getattr(one, "orelse", None)):
                if isinstance(inner, list) and not isinstance(one, ast.FunctionDef):
                    self._end(inner, is_last=False)
        last, before = body[-1] if body else None, body[-2] if len(body) > 1 else None
        if isinstance(last, ast.Return) and _is_nothing(last.value) and self._is_quiet(before):
            body.pop()
            is_last, last = True, before
        if not is_last:
            return
        if isinstance(last, ast.Expr) and self._quiet.is_call(last.value):
            body[-1] = ast.copy_location(ast.Return(last.value), last)
        elif isinstance(last, ast.If):
            for inner in (last.body, last.orelse) if last.orelse else ():
                self._end(inner, is_last=True)

    def _is_quiet(self, node: ast.stmt | None) -> bool:
        return isinstance(node, ast.Expr) and self._quiet.is_call(node.value)


class Once:
    """Puts what a name stands for in its place, where a function reads it once only, first of all that is done in the
    statement behind its setting."""

    def __init__(self, function: ast.FunctionDef, still: Still) -> None:
        self._function = function
        self._still = still
        self._read: Counter[str] = Counter()
        for node in walk(function):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
                self._read[node.id] += 1
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                self._read[node.target.id] += 1

    def write(self) -> None:
        """Do it (the function is changed)."""
        for node in list(walk(self._function)):
            for name in ("body", "orelse", "finalbody"):
                held = getattr(node, name, None)
                while isinstance(held, list) and self._joined(held):
                    pass

    def _joined(self, body: list[ast.stmt]) -> bool:
        for place, (set_, next_) in enumerate(pairwise(body)):
            if (
                not isinstance(set_, ast.Assign)
                or len(set_.targets) != 1
                or not isinstance(set_.targets[0], ast.Name)
                or self._read[set_.targets[0].id] != 1
                or any(isinstance(one, ast.NamedExpr | ast.Yield | ast.YieldFrom) for one in walk(set_.value))
            ):
                continue
            if self.put(next_, set_.targets[0].id, set_.value, self._still):
                del body[place]
                return True
        return False

    @staticmethod
    def put(node: ast.AST, name: str, value: ast.expr, still: Still) -> bool:
        """Put `value` for `name` if nothing that this node does comes before it, or only what is still."""
        for field_name in _ORDER.get(type(node), ()):
            held = getattr(node, field_name)
            for one in held if isinstance(held, list) else [held]:
                if one is None:
                    continue
                if isinstance(one, ast.Name) and one.id == name:
                    _replace(node, field_name, one, [value])
                    return True
                if isinstance(one, ast.Starred) and isinstance(value, ast.Tuple) and _is(one.value, name):
                    _replace(node, field_name, one, value.elts)
                    return True
                if not still.is_still(one):
                    return Once.put(one, name, value, still)
                if isinstance(node, ast.BoolOp | ast.IfExp) or (isinstance(node, ast.Compare) and len(node.ops) > 1):
                    # Whether the rest runs, nobody knows here.
                    return False
        return False


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _replace(node: ast.AST, field_name: str, old: ast.expr, new: list[ast.expr]) -> None:
    held = getattr(node, field_name)
    if isinstance(held, list):
        place = held.index(old)
        held[place : place + 1] = new
    else:
        setattr(node, field_name, new[0])


_ORDER: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Expr: ("value",),
    ast.Return: ("value",),
    ast.Assign: ("value",),
    ast.If: ("test",),
    ast.For: ("iter",),
    ast.Attribute: ("value",),
    ast.UnaryOp: ("operand",),
    ast.BoolOp: ("values",),
    ast.IfExp: ("test",),
    ast.BinOp: ("left", "right"),
    ast.Compare: ("left", "comparators"),
    ast.Subscript: ("value", "slice"),
    ast.Slice: ("lower", "upper", "step"),
    ast.Tuple: ("elts",),
    ast.List: ("elts",),
    ast.Call: ("func", "args"),
}
"""What of a node is worked out in which order, its first parts."""


def shorten(items: list[Item], kept: set[str]) -> Still:
    """Rewrite these items (they are changed). `kept`: attributes of MicroPython's and of who uses the application."""
    fields = {}
    for item in items:
        made = item.node.value if isinstance(item.node, ast.Assign) else None
        if made is not None and is_namedtuple(made) and len(item.names) == 1:
            fields[item.names[0]] = [word for text in texts(made.args[1]) for word in str(text.value).split()]
    still = Still(items, kept)
    pass_ = _Phrases(Quiet(items, kept), still, fields)
    for item in items:
        item.node = pass_.visit(item.node)
    return still
