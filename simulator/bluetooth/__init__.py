"""One board's `bluetooth.BLE`, host side, over Bumble: MicroPython's two bindings and the stacks below them."""
