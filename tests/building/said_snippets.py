"""Small programs whose order of effects, or whose answers, would change if more were said in fewer bytes than can be
(`host_tools/building/phrases.py`). Of functions that one place names: `single_snippets.py`.

SAID: {what it is about: source of `interlock/app.py`}, as in `snippets.py`.
"""

SAID = {
    "a list's method that is another's, too, and answers there": """
class Log:
    def __init__(self):
        self.held = []
    def append(self, one):
        self.held += [one]
        return len(self.held)
class Aaa:
    def __init__(self, log, tell):
        self.log = log
        self.insert = tell
    def note(self, one):
        self.log.append(one)
    def asks(self, one):
        self.insert(one)
    def adds(self, one):
        self.extend(one)
def main(board):
    aaa = Aaa(Log(), lambda one: one + 1)
    setattr(aaa, "extend", lambda one: one + 2)
    print(aaa.note(3), aaa.note(4), "append", aaa.asks(1), aaa.adds(1))
""",
    "what is not, what is not in, and chains of both": """
def main(board):
    none, some, held = None, 1, [1, 2]
    print(some is not None, none is not None, 3 not in held, 1 not in held)
    print(some is not none is not held, some is not none is not none)
    print(3 not in held not in [held], 1 not in held not in [held], not some is not None)
    if some is not None and 3 not in held or none is not None:
        print("first")
    print([one for one in held if one is not some], some is not None if some else 0)
""",
    "a function ends with calls that answer, and with such that do not": """
class Aaa:
    def __init__(self, told):
        self.told = told
        self.numeral = 1
    def quiet(self):
        self.numeral += 1
    def passes_on(self):
        self.quiet()
    def loud(self):
        return 7
    def throws_away(self):
        self.loud()
    def asks(self):
        self.told()
    def takes(self, held):
        held.pop()
    def sorts(self, held):
        held.sort()
    def chooses(self, which):
        if which == 0:
            self.quiet()
            return
        if which == 1:
            self.quiet()
        elif which == 2:
            self.loud()
        else:
            self.passes_on()
    def goes_on(self, which):
        if which:
            self.quiet()
        for _ in range(2):
            self.quiet()
        print("goes on", self.numeral)
    def hush(self):
        self.numeral += 10
    def hushes(self, which):
        if which == 1:
            self.hush()
        for _ in range(2):
            if which == 2:
                self.hush()
        if which == 3:
            self.hush()
            return
        print("hushes", self.numeral)
        if which == 4:
            self.hush()
        else:
            self.loud()
    def pop(self, held):
        held.sort()
    def late(self):
        for _ in range(2):
            self.quiet()
    def kept(self):
        try:
            self.quiet()
            return
        finally:
            print("left", self.numeral)
class Bbb(Aaa):
    def quiet(self):
        return 9
class Ccc(Aaa):
    pass
def told():
    return 5
def main(board):
    for a in (Aaa(told), Bbb(told), Ccc(told)):
        print(a.passes_on(), a.throws_away(), a.asks(), a.takes([1]), a.sorts([2, 1]), a.late(), a.kept(), a.goes_on(1))
        print([(a.chooses(which), a.hushes(which)) for which in range(5)], a.numeral)
""",
    "what answers is set later, by its name, or runs later": """
class Aaa:
    def quiet(self):
        print("says nothing")
    def still(self):
        print("says little")
    def steps(self):
        yield 1
    def runs(self):
        self.quiet()
    def rests(self):
        self.still()
    def walks(self):
        self.steps()
    def each(self):
        yield 1
        self.quiet()
    @property
    def held(self):
        return None
class Bbb:
    def __init__(self, held):
        self.held = held
    def asks(self):
        self.held()
def main(board):
    a = Aaa()
    print(a.runs(), a.rests(), a.walks(), list(a.each()), Bbb(lambda: 4).asks())
    a.quiet = lambda: 3
    setattr(a, "still", lambda: 4)
    print(a.runs(), a.rests(), list(a.each()))
""",
    "what a name stands for has an effect": """
class Aaa:
    def __init__(self):
        self.moving = 1
        self.fixed = [0]
        self.other = None
    def take(self):
        self.moving += 1
        self.fixed.append(self.moving)
        self.other = "other"
        return self.moving
    @property
    def told(self):
        return len(self.fixed)
    def first(self):
        value = self.take()
        return (value, self.moving)
    def second(self):
        value = self.take()
        return (self.moving, value)
    def third(self):
        value = self.take()
        return [self.fixed, value, self.told]
    def fourth(self):
        value = self.take()
        return [self.told, value]
    def fifth(self, go):
        value = self.take()
        return go and value
    def sixth(self, go):
        value = self.take()
        return 1 if go else value
    def seventh(self):
        value = self.take()
        return 9 < 3 < value
    def eighth(self):
        value = self.take()
        while value < 99:
            value = 100
        return value
    def ninth(self):
        value = self.take()
        return [self.moving + value for _ in range(2)]
    def tenth(self):
        value = self.take()
        later = lambda: value
        self.take()
        return later()
    def eleventh(self):
        value = self.take()
        for each in range(value):
            each += 5
            self.moving += each
        return self.moving
    def twelfth(self):
        value = (self.take(), self.moving, 3)
        return max(self.moving, *value)
    def thirteenth(self):
        value = (self.take(), self.moving, 3)
        return max(*value)
    def pair(self):
        return [self.take(), 5]
    def out_of_pairs(self):
        value = self.pair()
        return max(*value)
    def set_again(self):
        value = self.take()
        print(value)
        value += 1
    def fourteenth(self):
        one = self.take()
        two = self.take()
        return two - one, one
    def fifteenth(self):
        one = self.take()
        two = self.take()
        return min(one, two)
    def sixteenth(self):
        value = self.take()
        self.moving += value
        return self.moving
    def seventeenth(self):
        value = self.take()
        return self.other.upper(), value
    def eighteenth(self):
        value = self.take()
        return {self.moving: value}
    def nineteenth(self):
        place = self.take() % 2
        return self.fixed[place]
    def twentieth(self):
        place = self.take() % 2
        self.fixed[place] = self.take()
        return self.fixed
def main(board):
    a = Aaa()
    print(a.first(), a.second(), a.third(), a.fourth(), a.fifth(0), a.fifth(1), a.sixth(0), a.sixth(1))
    print(a.seventh(), a.eighth(), a.ninth(), a.tenth(), a.eleventh(), a.twelfth(), a.thirteenth(), a.fourteenth())
    print(a.out_of_pairs(), a.set_again())
    print(a.fifteenth(), a.sixteenth(), a.seventeenth(), a.eighteenth(), a.nineteenth(), a.twentieth(), a.moving)
""",
    "a name is set where it may not run, or in several places": """
def told(value):
    print("told", value)
    return value
def main(board):
    for go in (0, 1):
        try:
            value = told(go)
            print(1 // value)
        except ZeroDivisionError as error:
            kind = error
            print(isinstance(kind, ZeroDivisionError))
        if go:
            second = told(2)
        else:
            second = told(3)
        print(second)
    third = told(4)
    third += 1
    print(third)
    fourth = fifth = told(5)
    print(fourth, fifth)
    with_two, = told([6])
    print(with_two)
""",
    "fields by their names": """
from collections import namedtuple
Place = namedtuple("Place", ("wideness", "heightness", "depth"))
def told(value):
    print(value)
    return value
DEFAULT = Place(wideness=1, heightness=2, depth=3)
def main(board):
    print(DEFAULT == Place(heightness=told(2), wideness=told(1), depth=told(3)))
    print(Place(1, depth=told(3), heightness=told(2)) == Place(told(1), heightness=told(2), depth=told(3)) == DEFAULT)
    print(DEFAULT.wideness, DEFAULT.heightness, DEFAULT.depth)
""",
}
