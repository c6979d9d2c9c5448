"""THREATS.md: each claim of *what holds* has a row under *What shows it*, and each row names a test that is there.

A claim is what stands between commas, colons and *and*; a row may take several together, in the words that join them.
Whether a test shows what its row says is for readers.
"""

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
_ASIDE = re.compile(r" ?\((?:[^()]|\([^()]*\))*\)")
"""In parentheses stands where it is said in full, or how often it was tried."""
_JOINT = re.compile(r"[;.:] |, and |, | and |[.;]$")


@cache
def functions(path: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def without_a_row(cell: str, claims: "set[str]") -> list[str]:
    """What a cell claims in words that none of these claims has."""
    text = _ASIDE.sub("", cell.strip())
    spans = [(found.start(), found.end()) for one in claims for found in re.finditer(re.escape(one), text)]
    ends = [(found.start(), found.end()) for found in _JOINT.finditer(text)]
    parts = zip([0, *(end for _, end in ends)], [*(start for start, _ in ends), len(text)], strict=True)
    return [text[a:b] for a, b in parts if text[a:b] and not any(start < b and a < end for start, end in spans)]


@pytest.mark.parametrize(("who", "holds"), WHO, ids=[who for who, _ in WHO])
def test_each_claim_of_what_holds_has_a_row_with_its_test(who: str, holds: str) -> None:
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
    cell = "it cannot be opened, copied or sold ([keys](a), 5); past seal keys and seeds are gone, so all is well."
    assert without_a_row(cell, {"past seal keys and seeds", "opened"}) == ["copied or sold", "so all is well"]
