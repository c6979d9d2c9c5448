"""Python and packages: does what is installed fit what this program asks for?"""

import re
from collections.abc import Callable, Iterator, Sequence

from .finding import Finding, fail, ok, skipped

OLDEST_PYTHON = (3, 11)
_ONE = re.compile(r"(>=|<=|==|!=|<|>|~=)\s*([\d.]+)")


def python(version: tuple[int, int]) -> Finding:
    text = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return fail("Python", f"Python {text} is too old", "Use 3.11 or newer.")
    return ok("Python", text)


def packages(requires: Sequence[str] | None, version: Callable[[str], str | None]) -> Iterator[Finding]:
    """`requires`: the program's requirements as its metadata has them, None where it is not installed as a package;
    `version`: of an installed package, None without it."""
    if requires is None:
        yield skipped("packages", "interlock runs from its source and was not installed: what it asks for is unknown")
        return
    bad = [text for requirement in requires if (text := _trouble(requirement, version)) is not None]
    if bad:
        yield fail("packages", "; ".join(bad), "Install it anew: pip install --upgrade interlock.")
    else:
        yield ok("packages", f"bleak {version('bleak')}; {len(requires)} requirements are met")


def _trouble(requirement: str, version: Callable[[str], str | None]) -> str | None:
    """What is wrong with one requirement (PEP 508)."""
    wanted, _, marker = requirement.partition(";")
    name = re.split(r"[\s\[<>=!~(]", wanted.strip(), maxsplit=1)[0]
    found = version(name)
    if found is None:
        return None if marker else f"{name} is missing"
    wrong = [sign + text for sign, text in _ONE.findall(wanted) if not _fits(found, sign, text)]
    return f"{name} {found} is not {','.join(wrong)}" if wrong else None


def _fits(found: str, sign: str, wanted: str) -> bool:
    have, want = _numbers(found), _numbers(wanted)
    width = max(len(have), len(want))
    have, want = have + (0,) * (width - len(have)), want + (0,) * (width - len(want))
    return {
        ">=": have >= want,
        "<=": have <= want,
        "==": have == want,
        "!=": have != want,
        "<": have < want,
        ">": have > want,
        "~=": have >= want,
    }[sign]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version.split("+")[0])))[:4]
