"""For a build of MicroPython that has the application frozen into it: included by boards/*/manifest.py.

Frozen code runs where it is in flash and takes no memory from the heap. It is what a unit falls back on when it has no
release in a slot: the loader imports it then. See docs.micropython.org, "MicroPython manifest files". No such build has
been made or run yet: a test works the manifests out, with MicroPython's own meaning of these functions.
"""

package("interlock", base_path=".", opt=3)  # noqa: F821  # what the build provides
package("interlock_loader", base_path=".", opt=3)  # noqa: F821
