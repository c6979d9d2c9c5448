"""A chunk's tree as text for mpy-cross, which compiles two or three assignments at once without a tuple only where the
right side has no brackets around it; `ast.unparse` writes them.

`a, b = c, d` is then some bytes shorter, and takes no memory when it runs: loops of a unit at rest have many.
"""

import ast

_MOST = 3
"""More of them mpy-cross makes a tuple of in any case (MICROPY_COMP_TRIPLE_TUPLE_ASSIGN)."""


def text(tree: ast.Module) -> str:
    """The source of this tree (it is changed)."""
    pairs = _Pairs()
    said = ast.unparse(ast.fix_missing_locations(pairs.visit(tree))) + "\n"
    for number, line in enumerate(pairs.lines):
        said = said.replace(_name(number) + "\n", line + "\n", 1)
    return said


def _name(number: int) -> str:
    """What stands for a statement until the text is there: no name that any source has."""
    return f"_written_{number}_"


class _Pairs(ast.NodeTransformer):
    """Takes such assignments out of a tree. `lines`: them, by number."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        left, right = node.targets[0], node.value
        if (
            len(node.targets) > 1
            or not isinstance(left, ast.Tuple)
            or not isinstance(right, ast.Tuple)
            or not 2 <= len(left.elts) == len(right.elts) <= _MOST
            or any(isinstance(one, ast.Starred) for one in (*left.elts, *right.elts))
        ):
            return node
        sides = [", ".join(ast.unparse(ast.fix_missing_locations(one)) for one in side.elts) for side in (left, right)]
        self.lines.append(" = ".join(sides))
        return ast.Expr(ast.Name(_name(len(self.lines) - 1), ast.Load()))
