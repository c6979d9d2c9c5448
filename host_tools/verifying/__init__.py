"""What a journal's bytes prove: its chain, seals, checkpoints, and what others testify of it. Nothing here opens a
file or a store: `auditing` does. `docs/proof.md` says what it can show.
"""
