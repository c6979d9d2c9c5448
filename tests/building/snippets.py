"""Small programs as firmware could be written: each either does the same once it is made small, or is refused.

SAME and REFUSED: {what it is about: source of `interlock/app.py`, or {path: source}}; a refused one with what it is
told. Each program prints what it has to say; the more attributes it has, the sooner two of them would share a name.
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

REFUSED = {
    "TYPE_CHECKING turned round": (
        "TYPE_CHECKING = False\ndef main(board):\n    print(not TYPE_CHECKING)",
        "TYPE_CHECK",
    ),
    "a choice at import": (
        "import sys\nif sys.platform:\n    LIMIT = 1\ndef main(board):\n    print(LIMIT)",
        "no choice",
    ),
    "an import that may fail": (
        "try:\n    from .fast import add\nexcept ImportError:\n    add = None\ndef main(board):\n    print(add)",
        "no choice",
    ),
    "a lazy import that may fail": (
        {
            APP: """
def main(board):
    try:
        from .fast import add
    except ImportError:
        add = None
    print(add)
""",
            "interlock/fast.py": "def add():\n    pass\n",
        },
        "always there",
    ),
    "a name bound twice": ("FLAG = 1\nFLAG = FLAG + 1\ndef main(board):\n    print(FLAG)", "bound twice"),
    "a loop at import": (
        "FOUND = []\nfor one in range(3):\n    FOUND.append(one)\ndef main(board):\n    print(FOUND)",
        "no work",
    ),
    "a list filled at import": (
        "FOUND = []\nDONE = FOUND.append(1)\ndef main(board):\n    print(FOUND)",
        "has an effect",
    ),
    "a registry": (
        """
FOUND = []
def register(name):
    FOUND.append(name)
    return name
HANDLE = register("a")
def main(board):
    print(FOUND)
""",
        "has an effect",
    ),
    "a registry in a class's body": (
        """
FOUND = []
def register(name):
    FOUND.append(name)
    return name
class Aaa:
    handle = register("a")
def main(board):
    print(FOUND, Aaa())
""",
        "has an effect",
    ),
    "a decorator of ours": (
        """
FOUND = []
def register(function):
    FOUND.append(function)
    return function
@register
def one():
    return 1
def main(board):
    print([one() for one in FOUND])
""",
        "decorators",
    ),
    "a constant of another module set": (
        {
            APP: "from . import consts\ndef main(board):\n    consts.LEVEL = 5\n    print(consts.LEVEL, consts.get())",
            "interlock/consts.py": "LEVEL = 1\ndef get():\n    return LEVEL\n",
        },
        "set elsewhere",
    ),
    "an assertion with an effect": ("def main(board):\n    found = []\n    assert found.append(1) is None", "assert"),
    "an error's text read": (
        """
class Full(Exception):
    pass
def main(board):
    try:
        raise Full("the shelf is full")
    except Full as error:
        print(str(error))
""",
        "an error's text",
    ),
    "an error's text compared": (
        """
class Full(Exception):
    pass
def main(board):
    try:
        raise Full("the shelf is full")
    except Full as error:
        print(error.args[0] == "the shelf is full")
""",
        "several words",
    ),
    "an error's text with an effect": (
        """
class Full(Exception):
    pass
def count(found):
    found.append(1)
    return len(found)
def main(board):
    found = []
    try:
        raise Full("the shelf is full by %d" % count(found))
    except Full:
        print(found)
""",
        "before the raise",
    ),
    "a table of words for the program": (
        'MODE_NAMES = {0: "", 1: "one"}\ndef main(board):\n    print(1 if MODE_NAMES[0] else 0)',
        "is its number",
    ),
    "a table of words that is asked what it has": (
        """
MODE_NAMES = {0: "", 1: "one"}
def main(board):
    try:
        MODE_NAMES[7]
    except KeyError:
        print("unknown")
""",
        "is its number",
    ),
    "an attribute by a text that is put together": (
        """
class Aaa:
    def on_dockage(self):
        return 1
def main(board):
    print(getattr(Aaa(), "on_" + "dockage")())
""",
        "written out",
    ),
    "an attribute by a text out of a list": (
        """
class Aaa:
    def dockage(self):
        return 1
def main(board):
    print([getattr(Aaa(), name)() for name in ("dockage",)])
""",
        "written out",
    ),
    "keywords out of a dict": (
        "def told(key):\n    return key\ndef main(board):\n    print(told(**{'key': 7}))",
        r"no \*\*",
    ),
    "the names of keywords": (
        "def told(**given):\n    return sorted(given)\ndef main(board):\n    print(told(key=1))",
        "only be passed on",
    ),
    "two attributes in one assignment": (
        "class Aaa:\n    low, high = 1, 2\ndef main(board):\n    print(Aaa().low, Aaa.high)",
        "of its own",
    ),
    "a constant of a class in its body": (
        "class Aaa:\n    SIZE = 4\n    DOUBLE = SIZE * 2\ndef main(board):\n    print(Aaa.DOUBLE)",
        "class's body",
    ),
    "a constant of a class as a default": (
        """
LIMIT = 3
class Aaa:
    LIMIT = 4
    def get(self, of=LIMIT):
        return of
def main(board):
    print(Aaa().get())
""",
        "class's body",
    ),
    "a setter": (
        """
class Aaa:
    def __init__(self):
        self._numeral = 1
    @property
    def numeral(self):
        return self._numeral
    @numeral.setter
    def numeral(self, value):
        self._numeral = value
def main(board):
    a = Aaa()
    a.numeral = 5
    print(a.numeral)
""",
        "class's body|decorators",
    ),
    "property() as a call": (
        """
def seen(self):
    return 1
class Aaa:
    loudness = property(seen)
def main(board):
    print(Aaa().loudness)
""",
        "@property",
    ),
    "a method that is asked by name": (
        "class Aaa:\n    def __getattr__(self, name):\n        return name\ndef main(board):\n    print(Aaa().zebra)",
        "no __getattr__",
    ),
    "a method that has another self": (
        """
class Aaa:
    def prepare(self, things):
        for self in things:
            self.restarting = True
def main(board):
    Aaa().prepare([])
""",
        "nothing else",
    ),
    "a class in a function": (
        """
def make():
    class Inner:
        zebra = 1
    return Inner()
def main(board):
    print(make().zebra)
""",
        "module's top",
    ),
    "a base by another name": (
        """
class Small:
    def reading(self):
        return 1
Base = Small
class Leafish(Base):
    def other(self):
        return self.reading() + 1
def main(board):
    print(Leafish().other())
""",
        "a base",
    ),
    "a decorated class": (
        "def seal(of):\n    return of\n@seal\nclass Aaa:\n    pass\ndef main(board):\n    print(Aaa())",
        "no decorators",
    ),
    "a class's name as a text": ("class Aaa:\n    pass\ndef main(board):\n    print(type(Aaa()).__name__)", "__name__"),
    "names as texts": ("HIDDEN = 3\ndef main(board):\n    print('HIDDEN' in globals(), HIDDEN)", "globals"),
    "a name for two lazy imports": (
        {
            APP: """
def main(board):
    for which in (0, 1):
        if which:
            from .one import make
        else:
            from .two import make
        print(make())
""",
            "interlock/one.py": "def make():\n    return 1\n",
            "interlock/two.py": "def make():\n    return 2\n",
        },
        "two places",
    ),
    "a name set in a comprehension": ("def main(board):\n    print([last for one in range(3) if (last := one)])", ":="),
    "a coroutine": ("def main(board):\n    async def told():\n        return 1\n    print(told())", "coroutines"),
}
