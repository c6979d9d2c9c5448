"""What is run on the board, as text. Each script prints one literal last, which the host reads.

They run at the raw prompt of any MicroPython, whatever of ours is on it, and need little memory. `{...}` is filled in.
Sources: MicroPython docs/library (os, machine, bluetooth, esp32, rp2, stm).
"""

GLANCE = """
import sys
i = sys.implementation
print((i.name, tuple(i.version), getattr(i, '_machine', ''), getattr(i, '_mpy', 0), sys.platform))
"""

HOLD = """
import os
f = open('/hold', 'w')
f.write('interlock flash')
f.close()
if hasattr(os, 'sync'):
    os.sync()
print(True)
"""

UNHOLD = """
import os
try:
    os.remove('/hold')
except OSError as e:
    if e.args[0] != 2:
        raise
if hasattr(os, 'sync'):
    os.sync()
print(True)
"""

# The reset that follows is meant: the loader counts it as no bad boot of the release (interlock_loader/keeper.py).
EXPECT = """
try:
    import board
    from interlock_loader.keeper import Keeper
    k = Keeper(board.NAME)
    if k.has_release():
        k.expect()
except Exception:
    pass
print(True)
"""

# What the next two need: SHA-256 by pieces.
SUMS = """
import os, hashlib, binascii, gc
def _sum(p):
    h = hashlib.sha256()
    b = bytearray(512)
    m = memoryview(b)
    with open(p, 'rb') as f:
        while True:
            n = f.readinto(b)
            if not n:
                break
            h.update(m[:n])
    return os.stat(p)[6], binascii.hexlify(h.digest()).decode()
def _walk(d, o):
    for e in os.ilistdir(d or '/'):
        p = d + '/' + e[0]
        if p in ('/app', '/remote'):
            continue
        if e[1] & 0x4000:
            o[p] = None
            _walk(p, o)
        else:
            o[p] = _sum(p)
    return o
print(True)
"""

# Of every file: {path: (bytes, sha256 in hex)}, a folder as None.
FILES = "gc.collect()\nprint(_walk('', {}))"

SUM = "print(_sum({path}))"

SLOTS = """
try:
    with open('/slots', 'rb') as f:
        print(f.read(64))
except OSError:
    print(None)
"""

SPACE = """
import os
try:
    s = os.statvfs('/')
    print(s[0] * s[3])
except AttributeError:
    print(-1)
"""

UNIQUE = """
import machine, binascii
print(repr(binascii.hexlify(machine.unique_id()).decode()))
"""

MKDIR = """
import os
try:
    os.mkdir({path})
except OSError as e:
    if e.args[0] != 17:
        raise
print(True)
"""

REMOVE = """
import os
try:
    {how}({path})
except OSError as e:
    if e.args[0] != 2:
        raise
print(True)
"""

# `mode`: 'wb', or 'ab' where the beginning is there already.
OPEN = """
import binascii
_f = open({path}, {mode})
def _w(s):
    _f.write(binascii.a2b_base64(s))
"""

WRITE = "_w({data})"

CLOSE = """
import os
_f.close()
if hasattr(os, 'sync'):
    os.sync()
print(True)
"""

RENAME = """
import os
os.rename({old}, {new})
if hasattr(os, 'sync'):
    os.sync()
print(True)
"""

# Behind the driver's own source: areas as their class makes them.
AREAS = """
import binascii
_s = {settings}
_j = {journal}
def _r(a, o, n):
    b = bytearray(n)
    a.read(o, b)
    return None if b == b'\\xff' * n else binascii.b2a_base64(b)
print((_s.size, _s.sector_bytes, _j.size, _j.sector_bytes))
"""

AREA_READ = "print(_r({area}, {offset}, {count}))"
AREA_PROGRAM = "{area}.program({offset}, binascii.a2b_base64({data}))\nprint(True)"
AREA_ERASE = "{area}.erase({offset})\nprint(True)"

# Of an area: how many sectors begin with a journal's header.
AREA_HEADS = """
def _c(a):
    b = bytearray(4)
    n = 0
    for o in range(0, a.size, a.sector_bytes):
        a.read(o, b)
        n += b[:3] == b'ILJ'
    return n
print(_c({area}))
"""

# And: numbers of those in which anything was programmed.
AREA_USED = """
def _c(a):
    b = bytearray(256)
    blank = b'\\xff' * 256
    used = []
    for i in range(a.size // a.sector_bytes):
        for o in range(i * a.sector_bytes, (i + 1) * a.sector_bytes, 256):
            a.read(o, b)
            if b != blank:
                used.append(i)
                break
    return used
print(_c({area}))
"""

# The build's own word for it, which the port left at the prompt (firmware/boards/*/_boot.py; importing a `_boot`
# would run it again, and MicroPython's own on a Pico formats over the journal). Else as the port makes one.
FORMAT = """
import sys, vfs
def _make(d):
    try:
        vfs.umount('/')
    except OSError:
        pass
    vfs.VfsLfs2.mkfs(d)
if 'format_files' in globals():
    format_files()
elif sys.platform == 'esp32':
    from esp32 import Partition
    _make(Partition.find(Partition.TYPE_DATA, label='vfs')[0])
elif sys.platform == 'pyboard':
    import pyb
    _make(pyb.Flash(start=0, len={pages} * 4096))
else:
    raise OSError('this build does not say where files may be')
print(True)
"""

# ports/stm32/main.c mounts at /flash; a unit's files are at /.
ROOT = """
import os, sys
if sys.platform == 'pyboard' and 'flash' in os.listdir('/'):
    import vfs, pyb
    os.chdir('/')
    vfs.umount('/flash')
    vfs.mount(pyb.Flash(start=0, len={pages} * 4096), '/')
print(True)
"""

# Of the storage that the port gives to files and to us: (bytes of the mounted file system, bytes of all of it).
STORAGE = """
import os
{device}
s = os.statvfs('/')
print((s[1] * s[2], d.ioctl(4, 0) * d.ioctl(5, 0)))
"""
