"""Functions that one place alone names, said in that place: a unit saves a name, an object and a head for each.

- A function that is an expression, and stands in a table: a lambda there. Of a machine's actions, whose answers nobody
  reads, also one that is a call.
- A function that is an expression, and is called by one function of its file: what it says there, with what it is given
  in the place of its parameters.

A traceback no longer names it, but who called it.
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterable

from .chunks import Chunk
from .live import Item
from .names import COMPREHENSION, is_absolute
from .phrases import Once, Still
from .source import arguments, walk
from .tables import PACKED


def _expression(function: ast.FunctionDef, *, is_action: bool = False) -> ast.expr | None:
    """What a function is, if that is one expression."""
    args = function.args
    plain = not (args.defaults or args.kwonlyargs or args.vararg or args.kwarg or function.decorator_list)
    body = function.body[0]
    if not plain or len(function.body) > 1 or any(isinstance(one, ast.NamedExpr | ast.Yield) for one in walk(body)):
        return None
    if isinstance(body, ast.Return) or (is_action and isinstance(body, ast.Expr)):
        return body.value
    return None


class _Uses:
    """How often each name is read (`of`), and where last (`where`)."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.of: Counter[str] = Counter()
        self.where: dict[str, Item] = {}
        for item in items:
            for node in walk(item.node):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    self.of[node.id] += 1
                    self.where[node.id] = item


class _Tables(ast.NodeTransformer):
    """Puts a function into a table, as a lambda. `done`: whether it was put."""

    def __init__(self, function: ast.FunctionDef) -> None:
        self._function = function
        self._is_action = False
        self.done = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        is_machine = isinstance(node.func, ast.Name) and node.func.id == PACKED
        for place, one in enumerate(node.args):
            self._is_action = is_machine and place == len(node.args) - 1
            node.args[place] = self.visit(one)
            self._is_action = False
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        said = _expression(self._function, is_action=self._is_action) if node.id == self._function.name else None
        if said is None:
            return node
        self.done = True
        return ast.Lambda(self._function.args, said)


def _inner(node: ast.AST) -> set[str]:
    """Names that lambdas and comprehensions in it read or have as their own, but for what comprehensions begin with."""
    found: set[str] = set()
    for one in walk(node):
        if isinstance(one, ast.Lambda):
            found |= _read(one.body)
        elif isinstance(one, COMPREHENSION):
            first, *rest = one.generators
            said = [one.key, one.value] if isinstance(one, ast.DictComp) else [one.elt]
            found |= {name for part in (*said, first.target, *first.ifs, *rest) for name in _read(part)}
    return found


def _read(node: ast.AST) -> set[str]:
    return {one.id for one in walk(node) if isinstance(one, ast.Name)}


class _Calls(ast.NodeTransformer):
    """Puts what a function says in the place of its call. `own`: names that the caller has of its own; `done`: whether
    it was put."""

    def __init__(self, function: ast.FunctionDef, own: set[str], still: Still) -> None:
        self._function = function
        self._own = own
        self._still = still
        self.done = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        is_it = isinstance(node.func, ast.Name) and node.func.id == self._function.name
        said = self._said(node) if is_it else None
        if said is None:
            return node
        self.done = True
        return said

    def _said(self, call: ast.Call) -> ast.expr | None:
        """What this call is; None when it has to stay."""
        said = _expression(self._function)
        names = [one.arg for one in self._function.args.args]
        if said is None or len(call.args) != len(names):
            return None
        free = {name for name in _read(said) - set(names) if not is_absolute(name)}
        if set(names) & _inner(said) or free & self._own:
            return None
        if any(isinstance(one, ast.Starred | ast.NamedExpr | ast.Yield) for given in call.args for one in walk(given)):
            return None
        often = Counter(one.id for one in walk(said) if isinstance(one, ast.Name))
        # Two steps: what is given may have the names of parameters.
        whole = ast.Return(copy.deepcopy(said))
        stand_in = {name: f"{name}:given" for name in names}
        _rename(whole, stand_in)
        # The last first: what comes before it then has its own place yet to find, before this.
        for name, given in reversed(list(zip(names, call.args, strict=True))):
            if isinstance(given, ast.Constant | ast.Name):
                whole = _Given(stand_in[name], given).visit(whole)
            elif often[name] != 1 or not Once.put(whole, stand_in[name], given, self._still):
                return None
        return whole.value


def _rename(tree: ast.AST, names: dict[str, str]) -> None:
    for node in walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)


class _Given(ast.NodeTransformer):
    def __init__(self, name: str, given: ast.expr) -> None:
        self._name = name
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self._given) if node.id == self._name else node


def _own_names(node: ast.AST) -> set[str]:
    """All names that functions in it have as their own."""
    found = set()
    for one in walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found.add(one.id)
        elif isinstance(one, ast.FunctionDef | ast.Lambda):
            found |= {arg.arg for arg in arguments(one.args)}
            if isinstance(one, ast.FunctionDef):
                found.add(one.name)
        elif isinstance(one, ast.alias):
            found.add(one.asname or one.name)
        elif isinstance(one, ast.ExceptHandler) and one.name:
            found.add(one.name)
    return found


def join(split: list[Chunk], asked: Iterable[str], still: Still) -> None:
    """Rewrite the items of these chunks (they are changed, some are gone). `asked`: names that outsiders ask for."""
    while True:
        uses = _Uses(item for chunk in split for item in chunk.items)
        done: set[str] = set()
        for chunk in split:
            for item in chunk.items:
                function, name = item.node, item.names[0]
                if not isinstance(function, ast.FunctionDef) or uses.of[name] != 1 or name in asked:
                    continue
                if _expression(function, is_action=True) is None:
                    continue
                user = uses.where[name]
                # What is used by one that has gone takes its turn in the next round.
                if user in chunk.items and user.names[0] not in done:
                    done |= {name} if _joined(user, function, still) else set()
        if not done:
            return
        for chunk in split:
            chunk.items = [item for item in chunk.items if item.names[0] not in done]


def _joined(user: Item, function: ast.FunctionDef, still: Still) -> bool:
    """Say a function in the item that uses it; whether that could be done."""
    if isinstance(user.node, ast.Assign):
        said: _Tables | _Calls = _Tables(function)
    else:
        said = _Calls(function, _own_names(user.node), still)
    user.node = said.visit(user.node)
    return said.done
