"""Small programs as firmware could be written: each does the same once it is made small. Those that are refused:
`refused_snippets.py`; whose order of effects matters: `said_snippets.py`, `single_snippets.py`.

SAME: {what it is about: source of `interlock/app.py`, or {path: source}}. Each program prints what it has to
say; the more attributes it has, the sooner two of them would share a name.
"""

APP = "interlock/app.py"

SAME = {
    "a class inherits a namedtuple": """
from collections import namedtuple
class Place(namedtuple("Place", ("wideness", "heightness"))):
    def totality(self):
        return self.wideness + self.heightness
    def twiceness(self):
        return self.totality() * 2 + self.totality()
def main(board):
    place = Place(3, 4)
    print(place.wideness, place.heightness, place.totality(), place.twiceness())
""",
    "a class inherits a namedtuple that has a name": """
from collections import namedtuple
Base = namedtuple("Base", ("wideness", "heightness"))
class Place(Base):
    def totality(self):
        return self.wideness + self.heightness
    def twiceness(self):
        return self.totality() * 2 + self.totality()
def main(board):
    place = Place(3, 4)
    print(place.wideness, place.heightness, place.totality(), place.twiceness())
""",
    "an attribute is only announced by its class": """
class Aaa:
    restarting: bool
    def __init__(self):
        self.numeral = 1
        self.mumeral = 2
class Bbb:
    def __init__(self):
        self.restarting = 2
def main(board):
    a, b = Aaa(), Bbb()
    print(b.restarting, b.restarting, b.restarting, a.mumeral, a.numeral)
    a.restarting = True
    print(a.restarting, a.numeral, a.mumeral)
""",
    "an attribute is set by a function of nobody's": """
class Aaa:
    def __init__(self):
        self.numeral = 1
        self.mumeral = 2
        self.third = 3
def prepare(thing):
    thing.restarting = True
class Bbb:
    def __init__(self):
        self.restarting = 2
def main(board):
    a, b = Aaa(), Bbb()
    print(b.restarting, b.restarting, b.restarting)
    prepare(a)
    print(a.restarting, a.numeral, a.mumeral, a.third)
""",
    "an attribute is set by a static method": """
class Aaa:
    def __init__(self):
        self.numeral = 1
        self.mumeral = 2
class Bbb:
    def __init__(self):
        self.restarting = 2
    @staticmethod
    def prepare(thing):
        thing.restarting = True
def main(board):
    a, b = Aaa(), Bbb()
    b.prepare(a)
    print(b.restarting, b.restarting, a.restarting, a.numeral, a.mumeral)
""",
    "what is for the checker has an else": """
TYPE_CHECKING = False
if TYPE_CHECKING:
    LIMIT = 1
else:
    LIMIT = 2
def main(board):
    if TYPE_CHECKING:
        print("checked")
    else:
        print("runs", LIMIT)
""",
    "a function in a function reads what was returned": """
held = []
def keep(kept):
    value = 1
    kept.append(lambda: value)
    value = 2
    return value
def main(board):
    keep(held)
    print(held[0]())
""",
    "what was returned is read when the function is left": """
def told():
    value = 0
    try:
        if True:
            value = 5
            return value
    finally:
        print("left", value)
def main(board):
    print(told())
""",
    "methods that MicroPython calls by itself": """
class Aaa:
    def __init__(self, value):
        self.value = value
    def __eq__(self, other):
        return self.value == other.value
    def __lt__(self, other):
        return self.value < other.value
    def __hash__(self):
        return 5
    def __contains__(self, other):
        return other == self.value
    def __add__(self, other):
        return self.value + other.value
    def __bool__(self):
        return self.value > 1
    def __str__(self):
        return "told"
    def __repr__(self):
        return "shown"
def main(board):
    a, b = Aaa(1), Aaa(1)
    print(a == b, 1 in a, "yes" if a else "no", len({a: 1, b: 2}), a < b, a + b, a, repr(b))
""",
    "a method that MicroPython calls by its name": """
import io
class Wire(io.IOBase):
    def __init__(self):
        self.taken = []
    def write(self, data):
        self.taken.append(bytes(data))
        return len(data)
def main(board):
    wire = Wire()
    print("through it", file=wire)
    print(b"".join(wire.taken))
""",
    "a property is read into an attribute that nobody reads": """
class Aaa:
    def __init__(self, thing):
        self.never = thing.loudness
class Thing:
    def __init__(self):
        self.count = 0
    @property
    def loudness(self):
        self.count += 1
        return 1
def main(board):
    thing = Thing()
    Aaa(thing)
    print(thing.count)
""",
    "an attribute that nobody reads holds an object": """
class Thing:
    taken = 0
    def take(self):
        Thing.taken += 1
        return self
class Aaa:
    def __init__(self, thing):
        self.never = thing.take()
def main(board):
    Aaa(Thing())
    print(Thing.taken)
""",
    "a comprehension over its own name": """
def main(board):
    items = [1, 2, 3]
    print([items for items in items], [[items for items in range(items)] for items in items])
""",
    "a text of names": """
class Aaa:
    def __init__(self):
        self.dockage = 1
        self.button_press = 2
        self.other = 3
def main(board):
    words = "dockage button_press".split()
    a = Aaa()
    print(words, a.dockage, a.button_press, a.other)
""",
    "a word is raised": """
class Missing(Exception):
    pass
def main(board):
    for kind in (KeyError, Missing):
        try:
            raise kind("zebra")
        except (KeyError, Missing) as error:
            print(error.args[0])
""",
    "a block is empty without its remarks": """
def main(board):
    if board:
        "remark"
    try:
        print("x")
    finally:
        "remark"
""",
    "what all parts share needs what fewer of them share": {
        APP: """
class Board:
    def __init__(self, numeral):
        self.numeral = numeral
def base(x):
    return x + 1
def firsta():
    from .parta import runa
    runa()
def firstb():
    from .partb import runb
    runb()
def firstc():
    from .partc import runc
    runc()
def main(board):
    print(base(4))
    firsta()
    firstb()
    firstc()
""",
        "interlock/shared.py": "from .app import base\ndef zed(x):\n"
        + "".join(f"    if x == {n}:\n        print('{'w' * 12}', x + {n})\n        x *= base(x)\n" for n in range(12))
        + "    return x\n",
        "interlock/small.py": "from .shared import zed\ndef why(x):\n    return zed(x) + 3\n",
        "interlock/parta.py": "from .small import why\ndef runa():\n    print('a', why(1))\n",
        "interlock/partb.py": "from .small import why\ndef runb():\n    print('b', why(2))\n",
        "interlock/partc.py": "from .shared import zed\ndef runc():\n    print('c', zed(3))\n",
    },
    "two lazy imports of what is loaded together": {
        APP: """
class Desk:
    def __init__(self):
        self._update = None
    def update(self):
        try:
            if self._update is None:
                from .files import Files
                from .update import Update
                self._update = Update(Files(), 2)
            return self._update.told()
        except OSError:
            return None
    def trial(self):
        from .trial import Trial
        return Trial().told()
def main(board):
    desk = Desk()
    print(desk.update(), desk.trial())
""",
        "interlock/files.py": """
class Files:
    def number(self):
        return 7
def spare(one, two):
    return one
""",
        "interlock/update.py": """
from .files import Files, spare
class Update:
    def __init__(self, files, more):
        self.files = files or Files()
        self.more = spare(more, 1)
    def told(self):
        return self.files.number() + self.more
""",
        "interlock/trial.py": """
from .files import Files
class Trial:
    def told(self):
        return Files().number()
""",
    },
    "a lazy import alone in a branch": {
        APP: """
def main(board):
    if board:
        from .one import first
    print(first())
    print(other())
def other():
    from .one import first
    from .two import second
    return first() + second()
""",
        "interlock/one.py": "def first():\n    return 1\n",
        "interlock/two.py": "from .one import first\ndef second():\n    return first() + 1\n",
    },
    "one lazy import of what lies in two files": {
        APP: """
def main(board):
    early()
    late()
def early():
    from .zed import last
    from .both import second
    print(last(), second())
def late():
    from .both import first, second
    print(first(), second())
""",
        "interlock/zed.py": "def last():\n    return 9\n",
        "interlock/both.py": "def first():\n    return 1\ndef second():\n    return 2\n",
    },
}
