"""What documents say is done: commands in blocks are typed, commands in prose are parsed, links lead somewhere.

`reading.py` finds blocks, code in prose and links; `shell.py` understands a command line without running it;
`playing.py` types a block in a folder of its own. How a block is marked: `test_blocks.py`.
"""
