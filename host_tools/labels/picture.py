"""Labels in a photograph. The decoder, zxing-cpp, and Pillow are optional: `pip install 'interlock[images]'`."""

import io
from pathlib import Path

from ..label import PREFIX
from ..outcome import ToolError
from .layouts import Scanned, understand

PICTURE_BYTES_MAX = 64 * 1024 * 1024
PIXELS_MAX = 120_000_000
_CLOSER = "Photograph the label straight from above, sharp, without glare, so that it fills a third of the picture."


def labels_in(path: Path, data: bytes) -> list[Scanned]:
    """Every label in this picture, from left to right and from top to bottom. ToolError when there is none, or when one
    cannot be right."""
    texts = _codes(path, data)
    if not texts:
        raise ToolError(f"no QR code can be made out in {path}", _CLOSER)
    found = [text for text in texts if text.strip().upper().startswith(f"{PREFIX}:")]
    if not found:
        count = "the QR code" if len(texts) == 1 else f"none of the {len(texts)} QR codes"
        raise ToolError(
            f"{count} in {path} is {'no ' if len(texts) == 1 else 'a '}label for setting a unit up",
            "A label for set-up begins with IL1:. One that only bears a serial is of a unit in service.",
        )
    return [understand(text) for text in dict.fromkeys(found)]


def _codes(path: Path, data: bytes) -> list[str]:
    """What the QR codes of this picture say."""
    try:
        import zxingcpp
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise ToolError(
            f"{path} is no text, and reading pictures is not installed ({error.name} is missing)",
            "Install it: pip install 'interlock[images]'. Or type, paste or scan the label's text.",
        ) from error
    if len(data) > PICTURE_BYTES_MAX:
        raise ToolError(f"{path} is larger than 64 MiB", "Take a smaller picture of the label.")
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > PIXELS_MAX:
            raise ToolError(f"{path} has {picture.width} x {picture.height} pixels", "Take a smaller picture.")
        upright = ImageOps.exif_transpose(picture).convert("L")
    except UnidentifiedImageError as error:
        raise ToolError(
            f"{path} is no picture that can be read here",
            "PNG and JPEG are. A telephone's HEIC photograph has to be saved as JPEG first.",
        ) from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ToolError(f"the picture {path} is damaged: {error}", "Copy it anew, or take another one.") from error
    codes = zxingcpp.read_barcodes(upright, zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    codes.sort(key=lambda code: (code.position.top_left.y // max(1, upright.height // 8), code.position.top_left.x))
    return [code.text for code in codes if code.valid]
