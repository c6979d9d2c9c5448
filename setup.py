"""What pyproject.toml cannot say of the wheel: the folder `firmware/` comes whole.

Virtual boards run it, `interlock flash`, `release` and `power` read it, and all of them look beside the package
`interlock`, as in a checkout. So the wheel has no packages `interlock` and `interlock_loader` of its own: a path file
leads to those in the folder. An editable installation finds them where they are.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDER = "firmware"
PATH_FILE = "interlock.pth"
NOT_RUN = ("__pycache__", "TEMPLATE", "*.ini", "*.md")


class WithFirmware(build_py):
    """The packages, and the folder beside them."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        built = Path(self.build_lib)
        # What an earlier build left would be packed, too, though its source is gone.
        shutil.rmtree(built, ignore_errors=True)
        super().run()
        for path in Path(FOLDER).iterdir():
            if (path / "__init__.py").exists():
                shutil.rmtree(built / path.name)
        shutil.copytree(FOLDER, built / FOLDER, ignore=shutil.ignore_patterns(*NOT_RUN))
        (built / PATH_FILE).write_text(FOLDER + "\n", encoding="utf-8")


setup(cmdclass={"build_py": WithFirmware})
