"""A label on the terminal, to be scanned or copied, and gone when it has been: on the screen that keeps no history."""

from ..console import Console
from ..label import Label, label_text


def show(label: Label, wait: str = "Enter takes it away") -> None:
    """Show QR code and text until Enter is pressed. Only for a terminal that a person sits at."""
    import io

    import segno

    text = label_text(label.serial, label.secret)
    picture = io.StringIO()
    segno.make(text, micro=False).terminal(out=picture, compact=True)
    console = Console(stderr=True, highlight=False)
    with console.screen():
        console.out(picture.getvalue())
        console.out(f"  {label.serial}\n  {text}\n\n  It opens the unit until that is set up. {wait}.")
        console.input("")
