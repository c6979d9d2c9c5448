"""What can be said in fewer bytes is; that it means the same, `test_refusals.py` holds."""

import re

import pytest

from host_tools.building.compact import compact

from .test_refusals import BOARD, laid_out

HEAD = "class Aaa:\n    def __init__(self, held):\n        self.held = held\n"
MAIN = "def main(board):\n    a = Aaa([1])\n    print(a.told(1), a.told(2))\n"
QUIET = "    def hush(self):\n        self.held.append(1)\n        self.held = []\n"
FORMS = {
    "is not": (
        "    def told(self, x):\n        if x is not self.held:\n            print(x, x)\n",
        r"if not \w is \w\.\w:",
    ),
    "not in": ("    def told(self, x):\n        return x not in self.held\n", r"return not \w in \w\.\w\n"),
    "at the end": (
        QUIET + "    def told(self, x):\n        print(x)\n        self.hush()\n",
        r"\n        return \w\.\w\(\)\n",
    ),
    "and gone": (
        QUIET
        + "    def told(self, x):\n        if x:\n            self.hush()\n            return\n        print(x)\n",
        r"\n            return \w\.\w\(\)\n        print",
    ),
    "once": ("    def told(self, x):\n        y = x + 1\n        return len(self.held) + y, y\n", r"= \w \+ 1\n"),
    "at once": (
        "    def told(self, x):\n        y = x + 1\n        return y * len(self.held)\n",
        r"return \(\w \+ 1\) \* len",
    ),
    "one by one": (
        "    def told(self, x):\n        y = (x, 1)\n        return max(3, *y)\n",
        r"return max\(3, \w, 1\)",
    ),
    "a field": (
        "    def told(self, x):\n        return Place(wide=x, high=x)\n"
        "from collections import namedtuple\nPlace = namedtuple('Place', ('wide', 'high'))\n",
        r"return \w\(\w, \w\)",
    ),
    "in a table": (
        "    def told(self, x):\n        return TABLE[0](x), TABLE\n"
        "def single(x):\n    return x + 7\nTABLE = (single, 8)\n",
        r"\w = \(lambda \w: \w \+ 7, 8\)",
    ),
    "where it is called": (
        "    def told(self, x):\n        return single(x, len(self.held))\ndef single(x, y):\n    return x + y\n",
        r"return \w \+ len\(",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_it_is_said_in_fewer_bytes(tmp_path, name):
    program, form = FORMS[name]
    small = compact(laid_out(tmp_path, HEAD + program + MAIN), BOARD, []).files["interlock/app.py"]
    assert re.search(form, small), small
