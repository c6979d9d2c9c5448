"""Small programs with functions that one place alone names, some of which cannot be said there
(`host_tools/building/single.py`).

SINGLE: {what it is about: source of `interlock/app.py`, or {path: source}}, as in `snippets.py`.
"""

from .snippets import APP

SINGLE = {
    "a builtin's name is a function of the caller's own": """
def longest(items):
    return max(items)
def main(board):
    def max(one):
        return "mine", one
    print(longest([1, 5, 3]), max(2), max(3))
""",
    "functions in tables": """
held = []
def is_set(x, held):
    return x > len(held)
def keep(x, held):
    held.append(x)
def tell(x, held):
    print(x, held)
def often(x, held):
    return x
def inner(x, held):
    return [x + each for each in held]
def defaulted(x, held, more=3):
    return more
def is_odd(x, held):
    return x % 2
TABLE = (is_set, keep, tell, often, often, inner, defaulted)
NAMED = {"one": lambda x, held: x, "two": (is_odd, 3)}
class Aaa:
    kinds = (is_set,)
def main(board):
    for number, one in enumerate(TABLE):
        print(number, one(number, held))
    print(Aaa.kinds[0] is TABLE[0], NAMED["one"](1, held), NAMED["two"][0](3, held))
""",
    "functions that one place calls": """
taken = []
def take(value):
    taken.append(value)
    return value
def twice(x):
    return x + x
def turned(x, y):
    return (y, x)
def straight(x, y):
    return (x, y)
def first_only(x, y):
    return x
def maybe(x, y):
    return y if x else 0
def both(x, y):
    return x and y
def each(items):
    return [x * 2 for x in items]
def more(x, items):
    return [x + one for one in items]
def most(items):
    return max(items)
def largest(items):
    return max(items)
def nested(x):
    return outer(x) + 1
def outer(x):
    return straight(x, 5)[1]
def again(x):
    return again(x - 1) if x else 0
def later(x):
    return lambda: x
def defaulted(x, y=3):
    return (x, y)
def star(x, y, z):
    return (z, y, x)
def named(x, y):
    return x - y
def nothing():
    return take(30)
def shadow(range):
    return len(range)
def every(*all):
    return len(all)
def chosen(*, which=2):
    return which
def single(x):
    return -x
def captured(x):
    return lambda: x
def sized(items):
    return [x + len(items) for x in items]
def zeros(x):
    return [0 for x in x]
def resized():
    x = [1, 2]
    items = [1]
    later = lazily(items)
    items = [1, 2]
    return sized(x), zeros("ab"), x, list(later), items
def lazily(items):
    return (len(items) + each for each in range(2))
def changes():
    value = 1
    later = captured(value)
    value = 2
    return later(), value
def lists(values):
    max = 3
    one = 100
    return more(one, values), most(values), max
def main(board):
    x = 4
    print(twice(take(1)), turned(take(2), take(3)), straight(x, take(4)), first_only(take(5), take(6)))
    print(maybe(take(0), take(7)), both(take(0), take(8)), each([x, 2]), lists([1, 2]), largest([x, 9]))
    print(nested(take(9)), later(take(10))(), defaulted(take(11)), star(*[1, 2, 3]), named(y=take(12), x=take(13)))
    print(every(), chosen(), single(*[5]), changes(), resized())
    print([nothing() for x in range(2)], shadow([x, x]), x, taken)
""",
    "a function that one place calls, and another file has": {
        APP: """
def main(board):
    from .part import run
    print(run(3))
def outside(x):
    return x * 7
""",
        "interlock/part.py": """
from .app import outside
def inside(x):
    return outside(x) + 1
def run(x):
    return inside(x) + inside_too(x)
def inside_too(y):
    return -y
""",
    },
    "a machine's actions answer nobody, its guards do": {
        APP: """
from .core.machine import Packed
def is_more(x, held):
    return x > len(held)
def keep(x, held):
    held.append(x)
def keep_twice(x, held):
    held.append(x)
    held.append(x)
def tell(x, held):
    print(x, held)
def take(x, held):
    held.pop()
PLAIN = (keep,)
RUNS = Packed((is_more, tell, take), (keep, keep_twice))
def main(board):
    held = [7, 8, 9]
    for x in (1, 0):
        print(RUNS.step(x, held), held, PLAIN[0](x, held))
""",
        "interlock/core/__init__.py": "",
        "interlock/core/machine.py": """
class Packed:
    def __init__(self, guards, actions):
        self.guards = guards
        self.actions = actions
    def step(self, x, held):
        told = [guard(x, held) for guard in self.guards]
        for action in self.actions:
            action(x, held)
        return told
""",
    },
}
