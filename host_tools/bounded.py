"""Files that anybody may have made: no more of one is read than it may hold."""

from pathlib import Path

from .outcome import ToolError


def read(
    path: Path, bytes_max: int, too_large: ToolError, advice: str = "Check the path and its permissions."
) -> bytes:
    """All of the file. Raises `too_large` when it has more than `bytes_max`, ToolError with this advice when it cannot
    be read."""
    try:
        with path.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise ToolError(f"{path} cannot be read: {error.strerror}", advice) from error
    if len(data) > bytes_max:
        raise too_large
    return data
