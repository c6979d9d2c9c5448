"""From the firmware's source to release files: made small for boards, compiled, packed and signed, always to the same
bytes. `compact.py` begins; `interlock release` and `make firmware` are the doors."""
