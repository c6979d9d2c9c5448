"""`interlock provision --all`: every boxed unit in range."""

import sys

from ..as_json import as_plain
from ..context import Context
from ..flows.provision_all import Progress, Tried, Wish, boxed, provision_all
from ..label import Label
from ..labels.setup_list import Plan
from ..outcome import Exit, ToolError
from ..vault.vault import Vault
from .progress import working
from .running import end, print_json, run
from .setting_up import called, none_known, plain, tell_overruled
from .tables import console, table


def set_up_all(
    context: Context,
    vault: Vault,
    labels: list[Label],
    who: tuple[Plan, int | None],
    how: tuple[str | None, bool, bool],
    as_json: bool,
) -> None:
    """Do it, and show or print it. `labels`: beside those of the vault and of the plan; `who`: plan, and the role of
    the others or None; `how`: which signing key, whether it is waited for, and whether units blink."""
    vault.check_own("authority to set units up")
    plan, _ = who
    at_hand = {each.serial: each for each in (*vault.labels(), *plan.labels, *labels)}
    tried = run(_set_up_all(context, vault, at_hand, who, how, as_json))
    if as_json:
        print_json([as_plain(each) | {"done": None if each.done is None else plain(each.done)} for each in tried])
    else:
        _show(tried)
    if any(each.failure is not None for each in tried):
        end(Exit.DEVICE)


async def _set_up_all(
    context: Context,
    vault: Vault,
    labels: dict[str, Label],
    who: tuple[Plan, int | None],
    how: tuple[str | None, bool, bool],
    quiet: bool,
) -> tuple[Tried, ...]:
    async with context.bench(vault) as bench:
        with working("Listening for boxed units", quiet=quiet):
            near = await boxed(bench)
        known = [labels[sighting.serial] for sighting in near if sighting.serial in labels]
        if not known:
            raise none_known(near)
        left = [sighting.serial or "?" for sighting in near if sighting.serial not in labels]
        if left and not quiet:
            print(f"Left in their boxes, since no label of them is at hand: {', '.join(left)}.", file=sys.stderr)
        tell_overruled(who[0], [label.serial for label in known], who[1], quiet)
        wishes = _wishes(vault, known, *who)
        # A unit is set up, and then it makes its key.
        with working("Setting up", total=2 * len(wishes), quiet=quiet) as step:

            def report(progress: Progress) -> None:
                if progress.stage == "set up":
                    step.say(_line(progress.tried))
                    step(progress.at)
                else:
                    step(2 * len(wishes) - progress.total + progress.at)

            return await provision_all(bench, wishes, *how, report)


def _wishes(vault: Vault, labels: list[Label], plan: Plan, role: int | None) -> list[Wish]:
    """What each of these units is to be. ToolError, and nothing is set up, when that is not said of one."""

    def known(serial: str) -> int | None:
        return vault.name(serial)[1] if serial in vault else None

    wanted = [(label, plan.role(label.serial) or role or known(label.serial)) for label in labels]
    unsaid = [label.serial for label, found in wanted if found is None]
    if unsaid:
        raise ToolError(
            f"what {', '.join(unsaid)} shall be is not said; nothing was set up",
            "By how serials begin: --roles H=holster,C=camera. By a table: --roles FILE.csv. All alike: --role camera.",
        )
    return [Wish(label, found, plan.name(label.serial)) for label, found in wanted if found is not None]


def _line(tried: Tried) -> str:
    if tried.done is None:
        return f"{tried.serial}: {tried.failure}"
    return f"{tried.serial}: {called(tried.done)}"


def _show(tried: tuple[Tried, ...]) -> None:
    rows = table("serial", "is", "signatures left", right=("signatures left",))
    for each in tried:
        if each.done is None:
            rows.add_row(each.serial, "not set up", "")
        else:
            left = "being made" if each.done.signing.is_being_made else str(each.done.signing.remaining)
            rows.add_row(each.serial, called(each.done), left)
    console().print(rows, markup=False)
    for each in tried:
        if each.failure is not None:
            print(f"{each.serial}: {each.failure}.\n{each.advice}")
    failed = sum(each.done is None for each in tried)
    print(f"{len(tried) - failed} of {len(tried)} are set up.")
