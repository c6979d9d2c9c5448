"""`os` and the port's flash class, after MicroPython's documentation: files, then blocks by both interfaces."""

import os
import sys

with open("/a.txt", "w") as file:
    file.write("one\ntwo\n")
os.rename("a.txt", "b.txt")
os.mkdir("folder")
with open("folder/c.bin", "wb") as file:
    file.write(bytes(5))
os.sync()
print(sorted(os.listdir("/")), os.listdir("folder"))
print([entry[:2] for entry in os.ilistdir("folder")], os.stat("folder/c.bin")[6], len(os.urandom(8)))
with open("b.txt") as file:
    print([line.strip() for line in file])
os.remove("folder/c.bin")
os.rmdir("folder")
os.unlink("b.txt")
try:
    os.stat("b.txt")
except OSError as error:
    print("gone", error.errno)

if sys.platform == "esp32":
    import esp32

    (flash,) = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")
    print(flash.info()[4], esp32.Partition(esp32.Partition.RUNNING).info()[4])
elif sys.platform == "rp2":
    import rp2

    flash = rp2.Flash(start=0, len=16 * 4096)
    print(flash.ioctl(4, 0))
else:
    import pyb

    flash = pyb.Flash(start=0, len=16 * 4096)
    print(flash.ioctl(4, 0))

size = flash.ioctl(5, 0)
page, block = bytearray(256), bytearray(size)
erased = flash.ioctl(6, 1)
flash.writeblocks(1, bytes([0xF0]) * size)
flash.readblocks(1, block)
print("block", size, erased, block == bytes([0xF0]) * size)
flash.writeblocks(1, bytes([0xCC]) * 256, 256)  # without an erase: on NOR flash bits only fall
flash.readblocks(1, page, 256)
print("page", hex(page[0]), flash.ioctl(3, 0))
