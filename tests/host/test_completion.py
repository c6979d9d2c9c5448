"""TAB and help: what is offered, what is imported for it, and that every command teaches how it is used."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import menu
from host_tools.commands import completing

from .test_schemas import commands

ROOT = Path(__file__).parents[2]
INTERLOCK = Path(sys.executable).with_name("interlock")
HEAVY = (
    *("sqlalchemy", "alembic", "bleak", "bumble", "jinja2", "matplotlib", "aiohttp", "cryptography", "simulator"),
    *("psycopg", "prometheus_client", "segno", "zxingcpp", "PIL", "keyring", "multiprocessing"),
)


def offered(home, *words, shell="bash"):
    """What TAB offers behind these words; the last one is begun."""
    line = shlex.join(words) if words[-1] else f"{shlex.join(words[:-1])} "
    env = {
        **os.environ,
        "INTERLOCK_HOME": str(home),
        "_INTERLOCK_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run([INTERLOCK], capture_output=True, text=True, check=False, env=env, timeout=60)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_is_offered_serials_of_the_vault_which_stays_locked_and_unchanged(team):
    before = {path: path.stat().st_mtime_ns for path in team.home.rglob("*")}
    assert offered(team.home, "interlock", "status", "")[:2] == ["C1", "H1"]
    assert offered(team.home, "interlock", "status", "H") == ["H1"]
    assert {path: path.stat().st_mtime_ns for path in team.home.rglob("*")} == before


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_the_same(team, shell):
    assert any("H1" in line for line in offered(team.home, "interlock", "pull", "H", shell=shell))


class Typed:
    """A context as completion has it: what was typed before."""

    def __init__(self, home, serials=None):
        self.params = {"home": home, "serials": serials}

    def find_root(self):
        return self


def test_a_serial_that_is_there_already_is_not_offered_again(team):
    assert completing.serials(Typed(team.home, serials=["H1"]), "") == ["C1"]


def test_where_no_vault_is_the_store_says_which_units_there_are(team):
    team.json("pull")
    (team.home / "vault").rename(team.home / "away")
    assert completing.serials(Typed(team.home), "") == ["C1", "H1"]


def test_nothing_is_offered_where_nothing_is_or_nothing_can_be_read(tmp_path):
    assert completing.serials(Typed(tmp_path / "nowhere"), "") == []
    (tmp_path / "journals.sqlite").write_text("no database")
    assert completing.serials(Typed(tmp_path), "") == []


def test_names_of_scenarios_figures_words_and_schemas_are_offered():
    assert "first_shift" in completing.scenarios("first") and completing.scenarios("nonesuch") == []
    assert completing.figures("on_d") == ["on_draw=", "on_discharge="]
    assert completing.figures("on_draw=") == ["on_draw=journal", "on_draw=own", "on_draw=group"]
    assert completing.figures("covert=t") == ["covert=true"] and completing.figures("nonesuch=") == []
    assert completing.commands("policy s") == ["policy set", "policy show"]


def imported(code):
    """Which of HEAVY this code imports, in a fresh interpreter."""
    probe = f"{code}\nimport sys; print(' '.join(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stderr.split()


def test_the_menu_and_the_first_steps_import_nothing_heavy():
    run = "import sys\nfrom host_tools import cli\nsys.argv = ['interlock'{}]\ntry: cli.main()\nexcept SystemExit: pass"
    assert imported(run.format(", '--help'")) == [] and imported(run.format("")) == []


def test_no_command_imports_database_radio_or_pictures_before_it_is_run():
    every = "from host_tools import menu\n[menu.load(name) for lines in menu.MENU.values() for name in lines]"
    assert set(imported(every)) <= {"cryptography", "multiprocessing"}


# Help.


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_shows_examples_that_are_understood_and_what_is_next(name, command):
    text = command.help or ""
    _, is_there, examples = text.partition("\nExamples:\n")
    assert is_there, f"interlock {name} --help has no examples"
    assert "\nNext: " in examples, f"interlock {name} --help does not say what is next"
    shown = re.findall(r"^- `(interlock [^`>|]+)", examples, re.MULTILINE)
    assert any(f" {name} " in f"{line} " for line in shown)
    for line in shown:
        understand(shlex.split(line)[1:])
    for line in re.findall(r"`interlock ((?!-)[^`]+)`", examples):
        assert menu.load(shlex.split(line)[0]), line


def understand(arguments):
    """Parse a command line without running anything."""
    while arguments[0].startswith("--"):  # global options with a value: --home DIR
        arguments = arguments[2:]
    found = menu.load(arguments[0])
    words = arguments[1:]
    while (members := getattr(found, "commands", None)) is not None:
        found, words = members[words[0]], words[1:]
    found.make_context(arguments[0], words)


def test_the_panels_are_in_the_order_in_which_people_meet_them(desk):
    out = desk.run("--help")[1]
    places = [out.index(f"─ {panel} ") for panel in menu.MENU]
    assert places == sorted(places)
    assert all(f" {name} " in out for lines in menu.MENU.values() for name in lines)


def test_without_a_command_the_first_steps_are_shown_and_they_are_understood(desk):
    code, out, _ = desk.run()
    assert code == 0
    lines = re.findall(r"interlock (.*?)(?:  |$)", out, re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        words = shlex.split(line)
        if words[-1] != "--help":
            understand(words)


# Installing it.


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_for_a_shell(tmp_path, shell):
    env = {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [INTERLOCK, "--install-completion", shell], capture_output=True, text=True, check=False, env=env, timeout=60
    )
    assert done.returncode == 0 and f"{shell} completion installed" in done.stdout
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("_INTERLOCK_COMPLETE" in path.read_text() for path in written)


def test_bash_itself_completes(team):
    env = {**os.environ, "INTERLOCK_HOME": str(team.home), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    env["PATH"] = f"{INTERLOCK.parent}:{env['PATH']}"
    script = (
        'eval "$(interlock --show-completion bash)"\n'
        "COMP_WORDS=(interlock status H); COMP_CWORD=2\n"
        '_interlock_completion interlock; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env=env, timeout=60)
    assert done.stdout.split() == ["H1"], done.stderr
