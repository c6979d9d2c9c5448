"""Frames as a hostile peer sends them, made of true ones."""

import random


def mangled(chance: random.Random, frames: list[bytes], others: list[list[bytes]], mtu: int) -> list[bytes]:
    """Some frames as a hostile peer sends them: random, cut, lengthened, flipped, doubled, swapped, spliced."""
    frames = list(frames)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(frames) + 1)
        frame = bytearray(frames[at] if at < len(frames) and frames[at] else b"\x80")
        match chance.randrange(9):
            case 0:
                frames.insert(at, chance.randbytes(chance.choice((0, 1, 2, 20, mtu - 3, 512))))
            case 1:
                frames[at : at + 1] = [bytes(frame[: chance.randrange(len(frame) + 1)])]
            case 2:
                frames[at : at + 1] = [bytes(frame) + chance.randbytes(chance.randint(1, 40))]
            case 3:
                bit = chance.randrange(8 * len(frame))
                frame[bit // 8] ^= 1 << bit % 8
                frames[at : at + 1] = [bytes(frame)]
            case 4:
                frames.insert(at, bytes(frame))
            case 5:
                del frames[at : at + 1]
            case 6 if len(frames) > 1:
                other = chance.randrange(len(frames))
                here = min(at, len(frames) - 1)
                frames[here], frames[other] = frames[other], frames[here]
            case 7:
                source = chance.choice(others)
                begin = chance.randrange(len(source))
                frames[at:at] = source[begin : begin + chance.randint(1, 6)]
            case _:
                # Right count, wrong bytes: what passes the assembler.
                frames[at : at + 1] = [frame[:1] + chance.randbytes(chance.randint(1, mtu))]
    return frames
