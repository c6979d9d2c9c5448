"""docs/commands.md has every command, and no other."""

from host_tools.menu import MENU, load

from .reading import ROOT, spoken

DOCUMENT = ROOT / "docs" / "commands.md"
COLUMN = "`interlock ...`"
NAMES = {name for lines in MENU.values() for name in lines}


def parts_of(name: str) -> set[str]:
    """The commands of a group; of any other none."""
    return set(getattr(load(name), "commands", {}))


def rows() -> set[str]:
    """What the column of commands names: those, and with a blank in between those of a group."""
    found: set[str] = set()
    for one in spoken(DOCUMENT):
        if one.head != COLUMN or f"`{one.text}`" == COLUMN or not one.text[0].islower():
            continue
        words = one.text.split()
        group = one.follows[0].split()[0] if one.follows else words[0]
        if one.follows and words[0] in parts_of(group):
            words = [group, *words]
        elif one.follows and words[0] not in NAMES:
            continue  # an argument, as in mode HOLSTER test, mute, normal
        found.add(words[0])
        if words[0] in NAMES and words[1:] and words[1] in parts_of(words[0]):
            found.add(" ".join(words[:2]))
    return found


def test_every_command_has_a_row_and_every_part_of_a_group_its_place_there() -> None:
    wanted = NAMES | {f"{name} {part}" for name in NAMES for part in parts_of(name)}
    assert wanted - rows() == set(), "docs/commands.md lacks these"
    assert rows() - wanted == set(), "docs/commands.md has commands that are not there"
