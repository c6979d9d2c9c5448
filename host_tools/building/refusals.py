"""What the builder would make into another program is refused, with its place and what to write instead.

The firmware's source may use a part of Python only: what is below changes its meaning when names get short, code that
nobody names goes, and texts become numbers. `in_source` looks at files as they are written, `in_program` at the
statements that `names.py` and `live.py` have made of them.
"""

import ast
from collections.abc import Iterable, Iterator

from .attributes import NAME_TABLES, namedtuples
from .live import Item
from .names import COMPREHENSION, is_ours
from .source import FLAG, BuildError, walk

BY_TEXT = ("getattr", "setattr", "hasattr", "delattr")
LOOKS_INTO_ITSELF = ("globals", "locals", "vars", "dir", "eval", "exec", "__import__", "__all__")
AS_TEXT = ("str", "repr")
NAMES_AS_TEXTS = ("__name__", "__qualname__", "__module__", "__doc__", "__dict__", "_asdict", "_fields")
OF_FILES = "interlock/parts.py"
"""Takes modules out of their packages, by names that are those of files: they are the same in `sys.modules`."""
TAKES_NAMES = frozenset(
    (
        "__getattr__",
        "__getattribute__",
        "__setattr__",
        "__delattr__",
        "__get__",
        "__set__",
        "__delete__",
        "__set_name__",
        "__init_subclass__",
        "__del__",
    )
)
"""Methods that MicroPython gives an attribute's name, or calls when one is set or gone."""
METHOD_KINDS = ("property", "staticmethod", "classmethod")
OUTER_KINDS = ("micropython",)
"""Modules of MicroPython's whose decorators change how a function is compiled, and nothing else."""
PURE = frozenset(
    (
        "isinstance",
        "issubclass",
        "len",
        "min",
        "max",
        "sum",
        "int",
        "str",
        "bytes",
        "tuple",
        "list",
        "dict",
        "set",
        "bytearray",
        "frozenset",
        "range",
        "sorted",
        "enumerate",
        "zip",
        "memoryview",
        "bool",
        "abs",
        "type",
        "object",
        "namedtuple",
        "const",
    )
)
"""Functions that only make something, and methods that do."""
PURE_OF = frozenset(("pack", "calcsize", "items", "keys", "values", "namedtuple", "const", "from_bytes", "to_bytes"))


def _is_flag(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == FLAG


def _is_table(node: ast.expr) -> bool:
    """Whether this is a table of attributes' names, or what is in one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        node = node.func.value
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in NAME_TABLES


def _words(node: ast.expr) -> bool:
    """Whether somewhere in it is a text of several words."""
    return any(isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value for one in walk(node))


def _calls(node: ast.AST) -> Iterator[ast.AST]:
    """What in it may have an effect: calls but of functions that have none, and assignments."""
    for one in walk(node):
        if isinstance(one, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Await):
            yield one
        if isinstance(one, ast.Call):
            name = one.func.id if isinstance(one.func, ast.Name) else ""
            inner = one.func.attr if isinstance(one.func, ast.Attribute) else ""
            if name.rpartition(":")[2] not in PURE and inner not in PURE_OF:
                yield one


class _Source:
    """Looks at one file. `path`: as it is told."""

    def __init__(self, path: str) -> None:
        self._path = path

    def refuse(self, node: ast.AST, why: str) -> None:
        raise BuildError(f"{self._path}:{getattr(node, 'lineno', 0)}: {why}")

    def top(self, tree: ast.Module) -> None:
        for one in tree.body:
            if isinstance(one, ast.Assign):
                for target in one.targets:
                    if not isinstance(target, ast.Name | ast.Tuple):
                        self.refuse(one, "on a module's top there are definitions only, no work")
            elif isinstance(one, ast.If) and _is_flag(one.test):
                for inner in one.orelse:
                    self._definition(inner)
            else:
                self._definition(one)
            self.see(one, [])

    def _definition(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names) and not node.level:
            self.refuse(node, "name what is imported of MicroPython's")
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        known = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
        if not is_text and not isinstance(node, known):
            self.refuse(node, "on a module's top there are definitions only, no work and no choice")

    def see(self, node: ast.AST, around: list[ast.AST]) -> None:
        """Look at a node and all that is in it; `around`: what it is in, the nearest last."""
        if isinstance(node, ast.If) and _is_flag(node.test):
            for one in node.orelse:
                self.see(one, around)
            return
        look = getattr(self, f"_see_{type(node).__name__}", None)
        if look is not None:
            look(node, around)
        inside = [*around, node]
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns"):
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, ast.AST):
                        self.see(one, inside)

    def _see_Name(self, node: ast.Name, around: list[ast.AST]) -> None:
        if node.id == FLAG and isinstance(node.ctx, ast.Load):
            self.refuse(node, f"of {FLAG} there is only `if {FLAG}:`, with an else if need be")
        if node.id in LOOKS_INTO_ITSELF:
            self.refuse(node, f"names are other ones on a unit: no {node.id}")

    def _see_Attribute(self, node: ast.Attribute, around: list[ast.AST]) -> None:
        if node.attr in NAMES_AS_TEXTS and (node.attr, self._path) != ("__dict__", OF_FILES):
            self.refuse(node, f"names are other ones on a unit: no {node.attr}")

    def _see_Global(self, node: ast.AST, around: list[ast.AST]) -> None:
        self.refuse(node, "no global or nonlocal statements; keep state in an object")

    _see_Nonlocal = _see_Global

    def _see_AsyncFunctionDef(self, node: ast.AST, around: list[ast.AST]) -> None:
        self.refuse(node, "no coroutines and no match statements")

    _see_Match = _see_AsyncFunctionDef

    def _see_NamedExpr(self, node: ast.NamedExpr, around: list[ast.AST]) -> None:
        for one in around:
            if isinstance(one, COMPREHENSION | ast.Lambda):
                self.refuse(node, "no := in a comprehension or lambda")

    def _see_Assert(self, node: ast.Assert, around: list[ast.AST]) -> None:
        for one in _calls(node):
            self.refuse(one, "units assert nothing: what has an effect stands before the assertion")

    def _see_ClassDef(self, node: ast.ClassDef, around: list[ast.AST]) -> None:
        if around:
            self.refuse(node, "classes stand on a module's top")
        if node.keywords or node.decorator_list:
            self.refuse(node, "no decorators and no keywords of classes")
        own = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        for one in node.body:
            if isinstance(one, ast.Assign):
                if not all(isinstance(target, ast.Name) for target in one.targets):
                    self.refuse(one, "in a class each attribute has an assignment of its own")
                own |= {target.id for target in one.targets if isinstance(target, ast.Name)}
            elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                own.add(one.target.id)
        for name in sorted(own & TAKES_NAMES):
            self.refuse(node, f"attributes have other names on a unit, and some go: no {name}")
        for one in node.body:
            parts: list[ast.AST] = [one]
            if isinstance(one, ast.FunctionDef):
                parts = [*one.decorator_list, *one.args.defaults, *[held for held in one.args.kw_defaults if held]]
            elif isinstance(one, ast.Assign | ast.AnnAssign):
                parts = [one.value] if one.value else []
            for inner in [inner for part in parts for inner in walk(part)]:
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load) and inner.id in own:
                    self.refuse(inner, f"in a class's body, {inner.id} of that class has another name on a unit")

    def _see_FunctionDef(self, node: ast.FunctionDef, around: list[ast.AST]) -> None:
        for kind in node.decorator_list:
            is_kind = isinstance(kind, ast.Name) and kind.id in METHOD_KINDS and around
            root = kind.value if isinstance(kind, ast.Attribute) else None
            if not is_kind and not (isinstance(root, ast.Name) and root.id in OUTER_KINDS):
                self.refuse(kind, f"decorators are {', '.join(METHOD_KINDS)}, of methods")
        rest = node.args.kwarg
        if rest is not None:
            passed = {
                id(held.value)
                for one in walk(node)
                if isinstance(one, ast.Call)
                for held in one.keywords
                if held.arg is None
            }
            for one in walk(node):
                if isinstance(one, ast.Name) and one.id == rest.arg and id(one) not in passed:
                    self.refuse(one, f"names are other ones on a unit: **{rest.arg} can only be passed on")
        self._imports(node)
        if around and isinstance(around[-1], ast.ClassDef) and node.args.args:
            self._own(node, node.args.args[0].arg)

    def _own(self, method: ast.FunctionDef, me: str) -> None:
        """In a method its first name means its object, wherever it stands: attributes set by it are of that class."""
        for one in walk(method):
            is_set = isinstance(one, ast.Name) and one.id == me and not isinstance(one.ctx, ast.Load)
            if is_set or (isinstance(one, ast.arg) and one.arg == me and one is not method.args.args[0]):
                self.refuse(one, f"within a method {me} is its object and nothing else")

    def _imports(self, node: ast.FunctionDef) -> None:
        bound: dict[str, str] = {}
        for one in walk(node):
            if isinstance(one, ast.Import | ast.ImportFrom):
                for alias in one.names:
                    origin = f"{'.' * getattr(one, 'level', 0)}{getattr(one, 'module', '') or ''} {alias.name}"
                    name = alias.asname or alias.name
                    if bound.setdefault(name, origin) != origin:
                        self.refuse(one, f"{name} is imported from two places in one function: give each its name")

    def _see_Try(self, node: ast.Try, around: list[ast.AST]) -> None:
        own = [one for part in (node.body, node.handlers) for inner in part for one in walk(inner)]
        if any(isinstance(one, ast.ImportFrom) and one.level for one in own):
            for held in node.handlers:
                named = held.type.elts if isinstance(held.type, ast.Tuple) else [held.type]
                if any(isinstance(one, ast.Name) and one.id == "ImportError" for one in named):
                    self.refuse(node, "modules of the firmware are always there: no except ImportError")

    def _see_ExceptHandler(self, node: ast.ExceptHandler, around: list[ast.AST]) -> None:
        for one in walk(node):
            if not isinstance(one, ast.Call) or not isinstance(one.func, ast.Name) or one.func.id not in AS_TEXT:
                continue
            if one.args and isinstance(one.args[0], ast.Name) and one.args[0].id == node.name:
                self.refuse(one, "an error's text is a number on a unit: tell errors apart by class or number")

    def _see_Compare(self, node: ast.Compare, around: list[ast.AST]) -> None:
        if any(_words(one) for one in (node.left, *node.comparators)):
            self.refuse(node, "texts of several words are numbers on a unit where they are told: compare a word")

    def _see_Call(self, node: ast.Call, around: list[ast.AST]) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "property":
            self.refuse(node, "write @property; one that is set is a method")
        if name in BY_TEXT and not self._is_known(node, around):
            self.refuse(node, f"{name} takes a text that is written out, or one out of {', '.join(NAME_TABLES)}")
        functions = [one for one in around if isinstance(one, ast.FunctionDef)]
        rests = {one.args.kwarg.arg for one in functions if one.args.kwarg}
        for one in node.keywords:
            is_passed_on = isinstance(one.value, ast.Name) and one.value.id in rests
            # In capitals alone, such as UART, are classes of MicroPython's: all of ours are words.
            if one.arg is None and not is_passed_on and not name.isupper():
                self.refuse(one.value, "names are other ones on a unit: no ** but of what came with **")

    def _is_known(self, node: ast.Call, around: list[ast.AST]) -> bool:
        """Whether the text that names an attribute is one of those that get its short name, too."""
        asked = node.args[1] if len(node.args) > 1 else None
        if isinstance(asked, ast.Constant):
            return True
        if not isinstance(asked, ast.Name):
            return False
        for outer in around:
            loops = [outer] if isinstance(outer, ast.For) else getattr(outer, "generators", [])
            for loop in loops:
                targets = {one.id for one in walk(loop.target) if isinstance(one, ast.Name)}
                if asked.id in targets and _is_table(loop.iter):
                    return True
        return False

    def _see_Raise(self, node: ast.Raise, around: list[ast.AST]) -> None:
        raised = node.exc
        if isinstance(raised, ast.Call) and len(raised.args) == 1 and isinstance(raised.args[0], ast.BinOp):
            text = raised.args[0]
            if isinstance(text.op, ast.Mod) and _words(text.left):
                for one in _calls(text.right):
                    self.refuse(one, "units raise a number: what has an effect stands before the raise")

    def _see_Subscript(self, node: ast.Subscript, around: list[ast.AST]) -> None:
        held = node.value
        name = held.id if isinstance(held, ast.Name) else held.attr if isinstance(held, ast.Attribute) else ""
        if not name.endswith("_NAMES") or not isinstance(node.ctx, ast.Load):
            return
        told = around[-1]
        while isinstance(told, ast.BinOp | ast.Tuple):
            told = around[around.index(told) - 1]
        called = ast.unparse(told.func) if isinstance(told, ast.Call) else ""
        if called not in ("print", "super().__init__"):
            self.refuse(node, f"a word of {name} is its number on a unit: print or raise it, no more")


def in_source(path: str, tree: ast.Module) -> None:
    """BuildError when this file has what cannot be made small."""
    _Source(path).top(tree)


def in_program(items: Iterable[Item]) -> None:
    """BuildError when these statements, with absolute names, do what they cannot on a unit."""
    held: dict[str, Item] = {}
    for item in items:
        for name in dict.fromkeys(item.names):
            if held.setdefault(name, item) is not item:
                raise BuildError(f"{item.module}:{item.node.lineno}: {name} is bound twice; give each its name")
    for item in held.values():
        _bases(item, held)
        _stores(item)
        _work(item, held)


def _bases(item: Item, held: dict[str, Item]) -> None:
    for base in getattr(item.node, "bases", []):
        root = base.value if isinstance(base, ast.Attribute) else base
        is_known = isinstance(root, ast.Name) and not is_ours(root.id)
        of = held.get(base.id) if isinstance(base, ast.Name) else None
        if of is not None:
            is_known = isinstance(of.node, ast.ClassDef)
            base = of.node.value if isinstance(of.node, ast.Assign) else base
        if not is_known and base not in namedtuples(base):
            raise BuildError(f"{item.module}:{item.node.lineno}: a base is a class by its own name, or a namedtuple")


def _stores(item: Item) -> None:
    for top in ast.iter_child_nodes(item.node):
        for one in walk(top):
            if not isinstance(one, ast.Name) or not is_ours(one.id) or isinstance(one.ctx, ast.Load):
                continue
            if one.id not in item.names or isinstance(item.node, ast.FunctionDef | ast.ClassDef):
                raise BuildError(f"{item.module}:{one.lineno}: {one.id} is set elsewhere; keep state in an object")


def _work(item: Item, held: dict[str, Item]) -> None:
    """What runs at import has no effect: when nobody names what it makes, it does not run."""
    parts: list[ast.AST] = [item.node]
    if isinstance(item.node, ast.FunctionDef):
        parts = [*item.node.args.defaults, *[one for one in item.node.args.kw_defaults if one]]
    elif isinstance(item.node, ast.ClassDef):
        methods = [one for one in item.node.body if isinstance(one, ast.FunctionDef)]
        parts = [one for one in item.node.body if one not in methods]
        parts += [one for method in methods for one in (*method.args.defaults, *method.args.kw_defaults) if one]
    for part in parts:
        for call in _calls(part):
            if not _is_quiet(call, held, set()):
                raise BuildError(f"{item.module}:{item.node.lineno}: no work at import: this call has an effect")


def _is_quiet(node: ast.AST, held: dict[str, Item], seen: set[str]) -> bool:
    """Whether this call only makes something."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    name = node.func.id
    if name in seen:
        return True
    of = held.get(name)
    if of is None:
        return False
    if isinstance(of.node, ast.Assign):
        return of.node.value in list[ast.expr](namedtuples(of.node))
    bodies = [of.node] if isinstance(of.node, ast.FunctionDef) else []
    if isinstance(of.node, ast.ClassDef):
        bodies = [one for one in of.node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    return all(_does_nothing_else(body, held, seen | {name}) for body in bodies)


def _does_nothing_else(function: ast.FunctionDef, held: dict[str, Item], seen: set[str]) -> bool:
    me = function.args.args[0].arg if function.name == "__init__" else ""
    queue: list[ast.AST] = [*function.body]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and not is_own:
            return False
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            return False
        if isinstance(node, ast.Call) and node in _calls(node) and not _is_quiet(node, held, seen):
            return False
        queue.extend(ast.iter_child_nodes(node))
    return True
