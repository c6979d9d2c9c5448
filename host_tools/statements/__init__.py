"""What people say of events, signed: by whom, of which record, when, and who confirms it.

`statement.py`: the bytes that are signed; `../ed25519.py`: checking a signature; `../vouched.py`: whose keys the force
stands for; `weigh.py`: what of it all is to be believed. These need the standard library only: a court's expert runs
them. `keytext.py`: a public key as people write it; `signing.py`: a person's own key; `saying.py`: how a statement is
made.
"""
