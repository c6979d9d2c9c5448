"""Small programs that the builder cannot make small without changing what they do.

REFUSED: {what it is about: (source of `interlock/app.py`, or {path: source}; what it is told)}.
"""

from .snippets import APP

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
