"""THREATS.md: each clause of *what holds* has a row under *What shows it*, and each row names a test that is there."""

import ast
import re
from functools import cache

import pytest

from .reading import ROOT

TEXT = (ROOT / "THREATS.md").read_text(encoding="utf-8")
ABOVE, _, BELOW = TEXT.partition("## What shows it")
SHOWN = dict(re.findall(r"^\| ([^|]+?) \| (`tests/[^|]+?) \|$", BELOW, re.M))
"""{claim in its words above: the tests, as they stand there}."""
WHO = re.findall(r"^\| \*\*([^|]+?)\*\*[^|]*\|[^|]*\|([^|]+)\|", ABOVE, re.M)
"""(who, what holds against them)."""
NO_CLAIMS = ("[keys]", "a million attacks", "`tests/")
"""Clauses that say where it stands, or how often it was tried."""


@cache
def functions(path: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def without_a_row(cell: str, claims: "set[str]") -> list[str]:
    """The clauses of a cell in which none of these claims stands."""
    clauses = [one.strip() for one in re.split(r"(?<=[;.]) ", cell.strip())]
    return [one for one in clauses if not one.startswith(NO_CLAIMS) and not any(claim in one for claim in claims)]


@pytest.mark.parametrize(("who", "holds"), WHO, ids=[who for who, _ in WHO])
def test_each_clause_of_what_holds_has_a_row_with_its_test(who: str, holds: str) -> None:
    assert not without_a_row(holds, set(SHOWN))


@pytest.mark.parametrize("claim", SHOWN)
def test_a_claim_stands_above_in_its_words_and_its_tests_are_there(claim: str) -> None:
    assert claim in ABOVE
    for path, name in re.findall(r"`([\w/]+\.py)::(\w+)`", SHOWN[claim]):
        found = functions(path).get(name)
        assert found is not None, f"{path} has no {name}"
        marks = " ".join(ast.unparse(mark) for mark in found.decorator_list)
        assert "skip" not in marks and "xfail" not in marks
        body = [one for one in found.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
        assert body and not all(isinstance(one, ast.Pass) for one in body), f"{path}::{name} is a stub"


def test_all_of_them_are_read_and_a_claim_without_a_test_would_show() -> None:
    assert len(WHO) == 15 and len(SHOWN) == BELOW.count("| `tests/") > 60
    assert all(re.fullmatch(r"`[\w/]+\.py::\w+`(<br>`[\w/]+\.py::\w+`)*", tests) for tests in SHOWN.values())
    assert without_a_row("it cannot be opened; past seal keys are gone", {"past seal keys"}) == ["it cannot be opened;"]
