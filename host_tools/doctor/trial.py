"""`python -m host_tools.doctor.trial SECONDS`: one scan; prints a `surroundings.Trial` as JSON."""

import asyncio
import json
import sys

from ..link import Radio
from ..outcome import ToolError


def main() -> None:
    try:
        told: dict[str, object] = {"heard": len(asyncio.run(Radio().scan(float(sys.argv[1]))))}
    except ToolError as error:
        told = {"happened": str(error), "advice": error.advice}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
