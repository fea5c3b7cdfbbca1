#!/usr/bin/env python3
"""Makes the fixtures of ImagingTests with Pillow. Run it without arguments.

cases.json lists them: each case has a source file, what Pillow makes of it (`mode` L or RGB, then `size` if it is
resized with `filter`), and the expected pixels in a raw file (rows, channels interleaved).
The picture is a smooth pattern with edges and a little seeded noise, so that every filter tap matters. The crops of
scikit-image's retina.jpg and ihc.png (both free of copyright) are made anew where Debian's python3-skimage or the
folder in SKIMAGE_DATA has the originals; else those that are here stay. Made with Pillow 9.4 (Debian's python3-pil).

`orientation` "exif" asks for ImageOps.exif_transpose first; `depth` "mask" for Pillow's clipping of 16 bits, "upper" for
the upper eight, which Pillow does not do by itself for grey.
"""

import gzip
import json
import os
import random
import struct
import zlib

from PIL import Image, ImageChops, ImageOps

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ImagingTests", "Fixtures")


def picture(width, height, channels, seed):
    generator = random.Random(seed)
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                wave = 90 * ((x * (c + 1) // 7 + y // 5) % 2) + (x * 3 + y * 2 + 40 * c) % 120
                data.append(min(255, max(0, wave + generator.randrange(-12, 13))))
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), bytes(data))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path, width, height, depth, colour, rows, interlaced=0, extra=b""):
    """A PNG of a kind that Pillow does not write. `rows` are filter bytes and samples."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def interlaced_rows(image):
    """The seven passes of Adam7."""
    rows = b""
    for left, top, across, down in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(top, image.height, down):
            places = range(left, image.width, across)
            if places:
                rows += b"\0" + b"".join(bytes(image.getpixel((x, y))) for x in places)
    return rows


def write_interlaced(path, image):
    write_png(path, image.width, image.height, 8, 2, interlaced_rows(image), interlaced=1)


def write_palette_with_transparency(path, image):
    coded = image.quantize(16)
    pixels = coded.tobytes()
    rows = b"".join(b"\0" + pixels[y * image.width:(y + 1) * image.width] for y in range(image.height))
    extra = chunk(b"PLTE", bytes(coded.getpalette()[:48])) + chunk(b"tRNS", bytes([0, 128]))
    write_png(path, image.width, image.height, 8, 3, rows, extra=extra)


def write_transparent_colour(path, image, colour, value):
    pixels, length = image.tobytes(), image.width * len(image.getbands())
    rows = b"".join(b"\0" + pixels[y * length:(y + 1) * length] for y in range(image.height))
    write_png(path, image.width, image.height, 8, colour, rows, extra=chunk(b"tRNS", value))


def write_deep_colour(path, image):
    """Sixteen bits a sample, whose lower eight are noise."""
    generator, pixels, length = random.Random(9), image.tobytes(), image.width * 3
    rows = b""
    for y in range(image.height):
        rows += b"\0" + b"".join(bytes([v, generator.randrange(256)]) for v in pixels[y * length:(y + 1) * length])
    write_png(path, image.width, image.height, 16, 2, rows)


def write_volumes():
    """NIfTI-1: 5 x 4 x 3 voxels 7 i - 100 of 16 bits, scaled by 0.5 and shifted by 10, in both byte orders."""
    for name, order in [("little.nii.gz", "<"), ("big.nii", ">")]:
        header = bytearray(352)
        struct.pack_into(order + "i", header, 0, 348)
        struct.pack_into(order + "8h", header, 40, 3, 5, 4, 3, 1, 1, 1, 1)
        struct.pack_into(order + "hh", header, 70, 4, 16)
        struct.pack_into(order + "fff", header, 108, 352, 0.5, 10)
        header[344:348] = b"n+1\0"
        data = bytes(header) + struct.pack(order + "60h", *(7 * i - 100 for i in range(60)))
        with open(f"{FIXTURES}/{name}", "wb") as file:
            file.write(gzip.compress(data, mtime=0) if name.endswith("gz") else data)


def packed_rows(width, height, depth, values):
    """Rows of samples of 1, 2 or 4 bits, each row filled up to whole bytes."""
    rows = b""
    for y in range(height):
        bits = "".join(format(v, f"0{depth}b") for v in values[y * width:(y + 1) * width])
        bits += "0" * (-len(bits) % 8)
        rows += b"\0" + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    return rows


def write_shallow(path, image, depth):
    """Grey of 2 or 4 bits."""
    values = [v >> (8 - depth) for v in image.tobytes()]
    write_png(path, image.width, image.height, depth, 0, packed_rows(image.width, image.height, depth, values))


def write_small_palette(path, image, depth):
    """A palette of 2, 4 or 16 colours."""
    coded = image.quantize(1 << depth)
    extra = chunk(b"PLTE", bytes(coded.getpalette()[:3 << depth]))
    write_png(path, image.width, image.height, depth, 3, packed_rows(image.width, image.height, depth, coded.tobytes()), extra=extra)


def write_deep_interlaced(path, image):
    """Grey of sixteen bits in Adam7's passes; a sample's lower half is the complement of its upper."""
    rows = b""
    for left, top, across, down in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(top, image.height, down):
            places = range(left, image.width, across)
            if places:
                rows += b"\0" + b"".join(bytes([image.getpixel((x, y)), 255 - image.getpixel((x, y))]) for x in places)
    write_png(path, image.width, image.height, 16, 0, rows, interlaced=1)


def write_ycck(path, image):
    """A CMYK JPEG whose Adobe marker says YCCK. Pillow writes plain CMYK, inverted; its planes are made Y, Cb, Cr and K."""
    colour = image.convert("YCbCr").split()
    black = ImageChops.invert(Image.linear_gradient("L").resize(image.size).point(lambda v: v // 3))
    Image.merge("CMYK", [ImageChops.invert(plane) for plane in (*colour, black)]).save(path, quality=95, subsampling=0)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[data.index(b"Adobe") + 11] = 2
    with open(path, "wb") as file:
        file.write(data)


def exif(orientation, order="II"):
    """An EXIF block with another tag before the orientation."""
    pack = (lambda kind, *values: struct.pack(("<" if order == "II" else ">") + kind, *values))
    entries = pack("HHI4s", 0x010E, 2, 4, b"eye\0") + pack("HHIHH", 0x0112, 3, 1, orientation, 0)
    return order.encode() + pack("HI", 42, 8) + pack("H", 2) + entries + pack("I", 0)


def write_turned_png(path, image, orientation):
    rows = b"".join(b"\0" + image.tobytes()[y * image.width:(y + 1) * image.width] for y in range(image.height))
    write_png(path, image.width, image.height, 8, 0, rows, extra=chunk(b"eXIf", exif(orientation, "MM")))


def rare_cases():
    """Kinds of files that are rarer: name, saving, cases of (mode, size, orientation, depth)."""
    grey, rgb = picture(21, 13, 1, 5), picture(19, 14, 3, 6)
    # A mask of labels in sixteen bits, whose upper halves are nearly all empty.
    deep_mask = Image.frombytes("I;16", (6, 4), struct.pack("<24H", *((v // 6 * v) % 5 + 700 * (v == 20) for v in range(24))))
    plain = [("L", None, None, None), ("RGB", None, None, None)]
    both = [("L", None, "stored", None), ("L", None, "exif", None)]
    rare = [
        ("grey2.png", lambda path: write_shallow(path, grey, 2), plain),
        ("grey4.png", lambda path: write_shallow(path, grey, 4), plain),
        ("palette1.png", lambda path: write_small_palette(path, rgb, 1), plain),
        ("palette2.png", lambda path: write_small_palette(path, rgb, 2), plain),
        ("palette4.png", lambda path: write_small_palette(path, rgb, 4), plain),
        ("deep-interlaced.png", lambda path: write_deep_interlaced(path, grey), [("L", None, None, "upper"), ("L", None, None, "mask")]),
        ("deep-mask.png", lambda path: deep_mask.save(path), [("L", None, None, "upper"), ("L", None, None, "mask")]),
        ("ycck.jpg", lambda path: write_ycck(path, rgb), plain + [("L", [8, 8], None, None)]),
        ("pixel.png", lambda path: rgb.crop((3, 3, 4, 4)).save(path), plain + [("L", [4, 4], None, None)]),
        ("pixel.jpg", lambda path: grey.crop((3, 3, 4, 4)).save(path), plain + [("RGB", [3, 5], None, None)]),
        ("column.png", lambda path: grey.crop((3, 0, 4, 13)).save(path), plain + [("L", [8, 8], None, None)]),
        ("row.jpg", lambda path: rgb.crop((0, 3, 19, 4)).save(path, quality=90), plain + [("L", [8, 8], None, None)]),
        ("turned9.jpg", lambda path: grey.save(path, quality=90, exif=b"Exif\0\0" + exif(9)), both),
        ("turned6.png", lambda path: write_turned_png(path, grey, 6), both),
    ]
    for value in range(1, 9):
        order = "MM" if value % 2 else "II"
        rare.append((f"turned{value}.jpg", lambda path, v=value, o=order: rgb.save(path, quality=90, exif=b"Exif\0\0" + exif(v, o)), both))
    return rare


def make_rare(cases):
    for name, save, wanted in rare_cases():
        save(f"{FIXTURES}/{name}")
        for mode, size, orientation, depth in wanted:
            image = Image.open(f"{FIXTURES}/{name}")
            if orientation == "exif":
                image = ImageOps.exif_transpose(image)
            if depth == "upper":
                image = Image.frombytes("L", image.size, bytes(v >> 8 for v in image.getdata()))
            image = image.convert(mode)
            if size:
                image = image.resize(size, Image.BILINEAR)
            raw = f"{len(cases):02d}.raw"
            with open(f"{FIXTURES}/{raw}", "wb") as file:
                file.write(image.tobytes())
            case = {"source": name, "mode": mode, "size": size, "filter": "bilinear" if size else None, "expected": raw,
                    "width": image.width, "height": image.height}
            case.update({key: value for key, value in [("orientation", orientation), ("depth", depth)] if value})
            cases.append(case)


def make_crops():
    folder = os.environ.get("SKIMAGE_DATA", "/usr/lib/python3/dist-packages/skimage/data")
    if not os.path.exists(f"{folder}/retina.jpg"):
        return
    retina = Image.open(f"{folder}/retina.jpg").convert("RGB").crop((600, 620, 688, 684))
    retina.save(f"{FIXTURES}/retina-crop.jpg", quality=92)
    Image.open(f"{folder}/ihc.png").convert("RGB").crop((380, 200, 444, 248)).save(f"{FIXTURES}/ihc-crop.png")


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
        "grey-alpha.png": lambda path: Image.merge("LA", (grey, grey.transpose(Image.ROTATE_180))).save(path),
        "interlaced.png": lambda path: write_interlaced(path, rgb),
        "transparent-palette.png": lambda path: write_palette_with_transparency(path, rgb),
        "transparent-grey.png": lambda path: write_transparent_colour(path, grey, 0, struct.pack(">H", 40)),
        "transparent-rgb.png": lambda path: write_transparent_colour(path, rgb, 2, struct.pack(">HHH", 40, 50, 60)),
        "deep-rgb.png": lambda path: write_deep_colour(path, rgb.crop((0, 0, 24, 20))),
        "cmyk.jpg": lambda path: rgb.convert("CMYK").save(path, quality=90),
        # Real content; what is here already is kept where the originals are absent.
        "retina-crop.jpg": lambda path: None,
        "ihc-crop.png": lambda path: None,
    }
    make_crops()
    write_volumes()
    for old in os.listdir(FIXTURES):
        if old.endswith(".raw"):
            os.remove(f"{FIXTURES}/{old}")
    cases = []
    for name, save in sources.items():
        save(f"{FIXTURES}/{name}")
        # What is wanted of each: decoding alone, both conversions, shrinking, enlarging, nearest for masks.
        wanted = [("L", None, None), ("RGB", None, None), ("L", [32, 32], "bilinear"), ("RGB", [17, 40], "bilinear")]
        if list(sources).index(name) > 8:
            # One resize is enough for the rarer kinds.
            wanted = [("L" if "grey" in name else "RGB", None, None), ("L", [32, 32], "bilinear")]
        if name in ("grey.png", "rgb.png"):
            wanted += [("L", [90, 96], "bilinear"), ("RGB", [61, 20], "bilinear"), ("L", [24, 80], "nearest")]
        if name == "grey.png":
            # At these sizes a place falls on the border of two pixels, and Pillow's rounding decides.
            wanted += [("L", [30, 7], "nearest"), ("L", [183, 141], "nearest")]
        for mode, size, kind in wanted:
            image = Image.open(f"{FIXTURES}/{name}").convert(mode)
            if size:
                image = image.resize(size, Image.BILINEAR if kind == "bilinear" else Image.NEAREST)
            raw = f"{len(cases):02d}.raw"
            with open(f"{FIXTURES}/{raw}", "wb") as file:
                file.write(image.tobytes())
            cases.append({"source": name, "mode": mode, "size": size, "filter": kind, "expected": raw,
                          "width": image.width, "height": image.height})
    # 4 to 7 and to 30 pixels: places that only come out as Pillow's when its steps are summed like there.
    small = grey.crop((0, 0, 4, 4))
    small.save(f"{FIXTURES}/small.png")
    for size in ([7, 30], [30, 7], [7, 7], [3, 64]):
        raw = f"{len(cases):02d}.raw"
        with open(f"{FIXTURES}/{raw}", "wb") as file:
            file.write(small.resize(size, Image.NEAREST).tobytes())
        cases.append({"source": "small.png", "mode": "L", "size": size, "filter": "nearest", "expected": raw,
                      "width": size[0], "height": size[1]})
    # Sixteen bits a sample: the upper eight are kept, which Pillow does not do by itself.
    deep = Image.frombytes("I;16", (8, 4), b"".join(((v * 2039) % 65536).to_bytes(2, "little") for v in range(32)))
    deep.save(f"{FIXTURES}/deep.png")
    make_rare(cases)
    with open(f"{FIXTURES}/cases.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
