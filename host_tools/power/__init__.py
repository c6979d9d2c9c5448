"""How long a unit lives on its cell, and what that costs in latency: a model of data sheets' figures. Nothing of it was
measured on a board; `docs/boards/bring-up.md` says what is to be measured first."""
