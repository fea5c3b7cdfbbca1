#!/usr/bin/env python3
"""Makes the image fixtures of this folder with Pillow. Run it without arguments.

cases.json lists them: each case has a source file, what Pillow makes of it (`mode` L or RGB, then `size` if it is
resized with `filter`), and the expected pixels in a raw file (rows, channels interleaved).
The picture is a smooth pattern with edges and a little seeded noise, so that every filter tap matters.
"""

import json
import os
import random

from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))


def picture(width, height, channels, seed):
    generator = random.Random(seed)
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                wave = 90 * ((x * (c + 1) // 7 + y // 5) % 2) + (x * 3 + y * 2 + 40 * c) % 120
                data.append(min(255, max(0, wave + generator.randrange(-12, 13))))
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), bytes(data))


def main():
    grey, rgb = picture(61, 47, 1, 1), picture(53, 67, 3, 2)
    with_alpha = rgb.copy()
    with_alpha.putalpha(picture(53, 67, 1, 3))
    sources = {
        "grey.png": lambda path: grey.save(path),
        "rgb.png": lambda path: rgb.save(path),
        "alpha.png": lambda path: with_alpha.save(path),
        "palette.png": lambda path: rgb.quantize(32).save(path),
        "bilevel.png": lambda path: grey.point(lambda v: 255 * (v > 90)).convert("1").save(path),
        "grey.jpg": lambda path: grey.save(path, quality=90),
        "rgb.jpg": lambda path: rgb.save(path, quality=85),
        "rgb444.jpg": lambda path: rgb.save(path, quality=95, subsampling=0),
        "progressive.jpg": lambda path: rgb.save(path, quality=80, progressive=True),
    }
    cases = []
    for name, save in sources.items():
        save(f"{HERE}/{name}")
        # What is wanted of each: decoding alone, both conversions, shrinking, enlarging, nearest for masks.
        wanted = [("L", None, None), ("RGB", None, None), ("L", [32, 32], "bilinear"), ("RGB", [17, 40], "bilinear")]
        if name in ("grey.png", "rgb.png"):
            wanted += [("L", [128, 96], "bilinear"), ("RGB", [61, 20], "bilinear"), ("L", [24, 80], "nearest")]
        for mode, size, kind in wanted:
            image = Image.open(f"{HERE}/{name}").convert(mode)
            if size:
                image = image.resize(size, Image.BILINEAR if kind == "bilinear" else Image.NEAREST)
            raw = f"{len(cases):02d}.raw"
            with open(f"{HERE}/{raw}", "wb") as file:
                file.write(image.tobytes())
            cases.append({"source": name, "mode": mode, "size": size, "filter": kind, "expected": raw,
                          "width": image.width, "height": image.height})
    # Sixteen bits a sample: the upper eight are kept, which Pillow does not do by itself.
    deep = Image.frombytes("I;16", (8, 4), b"".join(((v * 2039) % 65536).to_bytes(2, "little") for v in range(32)))
    deep.save(f"{HERE}/deep.png")
    with open(f"{HERE}/cases.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
