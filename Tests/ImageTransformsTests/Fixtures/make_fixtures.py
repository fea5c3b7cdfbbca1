#!/usr/bin/env python3
"""Makes the fixtures of this folder with Pillow and torchvision on Pillow images. Run it without arguments.

Files
    NAME.png        Small pictures cut out of scikit-image's astronaut, ihc (RGB) and camera (grey), all free of copyright.
    cases.json      One case each: a picture, the transforms with what was drawn for them (as the Swift type DrawnTransform is
                    written in JSON), the size of the result, where its pixels begin in `expected.bin` (rows, channels
                    interleaved), or only their CRC-32 for the many random cases.
    expected.bin    The pixels.
    hues.json       CRC-32s of planes through the RGB cube (red is x, green y, blue given, 256 × 256) with turned hues.
    cut_paste.json  Rectangles, as the Swift type CutPaste.Drawn is written, with the CRC-32 of the picture that results.

Made with Pillow 13.0 and torchvision 0.29.
"""

import json
import math
import os
import random
import zlib

from PIL import Image, ImageFilter
from skimage import data
from torchvision.transforms import functional as F
from torchvision.transforms import InterpolationMode

HERE = os.path.dirname(os.path.abspath(__file__))
FILTERS = {
    "nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC,
    "lanczos": InterpolationMode.LANCZOS,
}
generator = random.Random(5)


def uniform(low, high):
    """Few digits, for short files."""
    return round(generator.uniform(low, high), 4)


def size(width, height):
    return {"width": width, "height": height}


# Each of these gives a transform as it is written in JSON, and a function that does it.

def crop(x, y, width, height):
    return {"crop": {"x": x, "y": y, "size": size(width, height)}}, lambda image: F.crop(image, y, x, height, width)


def center_crop(image, width, height):
    def corner(whole, part):
        return -((part - whole) // 2) if whole < part else int(round((whole - part) / 2.0))
    transform, _ = crop(corner(image.width, width), corner(image.height, height), width, height)
    return transform, lambda image: F.center_crop(image, [height, width])


def flip(across):
    return ({"horizontalFlip": {}}, F.hflip) if across else ({"verticalFlip": {}}, F.vflip)


def rotation(degrees, interpolation, expand=False):
    transform = {"rotation": {"degrees": degrees, "interpolation": interpolation, "expand": expand}}
    return transform, lambda image: F.rotate(image, degrees, FILTERS[interpolation], expand)


def affine(interpolation, degrees=0.0, x=0, y=0, scale=1.0, shear_x=0.0, shear_y=0.0):
    parameters = {
        "degrees": degrees, "translateX": x, "translateY": y, "scale": scale, "shearX": shear_x, "shearY": shear_y}
    transform = {"affine": {"_0": parameters, "interpolation": interpolation}}
    return transform, lambda image: F.affine(
        image, degrees, [x, y], scale, [shear_x, shear_y], FILTERS[interpolation])


ADJUSTMENTS = {
    "brightness": F.adjust_brightness, "contrast": F.adjust_contrast, "saturation": F.adjust_saturation,
    "hue": F.adjust_hue}


def colors(*adjustments):
    def change(image):
        for name, value in adjustments:
            image = ADJUSTMENTS[name](image, value)
        return image
    return {"colorAdjustments": {"_0": [{name: {"_0": value}} for name, value in adjustments]}}, change


def grey():
    return {"grey": {}}, lambda image: F.to_grayscale(image, len(image.getbands()))


def two_passes(image, width, height, name):
    """Across and then down, as every Pillow up to 12 does it; Pillow 13 goes down first where that is less work."""
    image = F.resize(image, [image.height, width], FILTERS[name])
    return F.resize(image, [height, width], FILTERS[name])


def resized_crop(x, y, width, height, to_width, to_height, name):
    transform = {"resizedCrop": {
        "x": x, "y": y, "size": size(width, height), "to": size(to_width, to_height), "filter": name}}
    return transform, lambda image: two_passes(F.crop(image, y, x, height, width), to_width, to_height, name)


def resize(width, height, name):
    return {"resize": {"_0": size(width, height), "filter": name}}, lambda image: two_passes(image, width, height, name)


def blur(radius):
    return {"gaussianBlur": {"radius": radius}}, lambda image: image.filter(ImageFilter.GaussianBlur(radius))


def pictures():
    """The pictures, made small; an odd one with a single row and one with a single column."""
    astronaut = Image.fromarray(data.astronaut())
    ihc = Image.fromarray(data.immunohistochemistry())
    camera = Image.fromarray(data.camera())
    return {
        "astronaut": astronaut.crop((170, 20, 314, 140)).resize((48, 40), Image.LANCZOS),
        "ihc": ihc.crop((120, 200, 168, 240)),
        "camera": camera.crop((160, 60, 304, 180)).resize((48, 40), Image.LANCZOS),
        "square": astronaut.crop((60, 330, 92, 362)),
        "row": ihc.crop((0, 100, 17, 101)),
        "column": camera.crop((200, 200, 201, 213)),
    }


def shown(images):
    """The cases whose pixels are kept."""
    for name in ["astronaut", "camera"]:
        image = images[name]
        yield name, [crop(5, 3, 30, 20)]
        yield name, [crop(-4, 30, 20, 20)]
        yield name, [rotation(17.0, "nearest")]
        yield name, [rotation(-33.3, "bilinear")]
        yield name, [resize(33, 51, "bilinear")]
        yield name, [resize(20, 17, "bicubic")]
        yield name, [resize(31, 60, "lanczos")]
        yield name, [blur(1.3)]
        yield name, [affine("bilinear", 10.0, 3, -2, 1.2, 5.0, -7.0)]
    yield "astronaut", [grey()]
    for name in ["ihc"]:
        yield name, [colors(("brightness", 1.3))]
        yield name, [colors(("contrast", 0.6))]
        yield name, [colors(("saturation", 1.8))]
        yield name, [colors(("hue", 0.07))]
        yield name, [colors(("hue", -0.31), ("contrast", 1.4), ("saturation", 0.3), ("brightness", 0.8))]
    yield "ihc", [resized_crop(7, 2, 25, 34, 40, 40, "bilinear"), colors(("saturation", 1.1), ("hue", 0.1)), blur(0.7), flip(True)]


def summed(images):
    """The many cases of which a sum is kept."""
    integer, choice = generator.randint, generator.choice
    for name, image in images.items():
        width, height = image.size
        interpolations = ["nearest", "bilinear"]
        for across in [True, False]:
            yield name, [flip(across)]
        yield name, [grey()]
        for part in [(1, 1), (10, 31), (47, 40), (60, 3), (60, 61), (width, height)]:
            yield name, [center_crop(image, *part)]
        for angle in [0.0, 90.0, 180.0, 270.0, 360.0, -90.0, 45.0, 1e-7]:
            for expand in [False, True]:
                yield name, [rotation(angle, choice(interpolations), expand)]
        for _ in range(12):
            yield name, [rotation(uniform(-400, 400), choice(interpolations), choice([False, True]))]
        yield name, [affine("nearest", scale=1.37)]
        yield name, [affine("nearest", scale=0.0004, degrees=8.0)]
        yield name, [affine("nearest", x=5, y=-3)]
        yield name, [affine("bilinear", x=5, y=-3)]
        for _ in range(16):
            yield name, [affine(
                choice(interpolations), uniform(-180, 180), integer(-9, 9), integer(-9, 9), uniform(0.4, 2.5),
                uniform(-40, 40), uniform(-40, 40))]
        for factor in [0.0, 0.5, 1.0, 1.7, 30.0]:
            for kind in ["brightness", "contrast", "saturation"]:
                yield name, [colors((kind, factor))]
        for turn in [-0.5, -0.003, 0.0, 0.25, 0.5]:
            yield name, [colors(("hue", turn))]
        for _ in range(20):
            changes = [(kind, uniform(0.2, 2)) for kind in ["brightness", "contrast", "saturation"]]
            changes.append(("hue", uniform(-0.5, 0.5)))
            generator.shuffle(changes)
            yield name, [colors(*changes)]
        for filter_name in FILTERS:
            for target in [(1, 1), (3, height), (width, 3), (width, height), (96, 81), (47, 39)]:
                yield name, [resize(*target, filter_name)]
            for _ in range(8):
                w, h = integer(1, width), integer(1, height)
                yield name, [resized_crop(
                    integer(0, width - w), integer(0, height - h), w, h, integer(1, 70), integer(1, 70), filter_name)]
        for radius in [0.0, 0.05, 0.3, 0.99, 1.5, 2.0, 3.7, 8.0, 45.0]:
            yield name, [blur(radius)]


def run(image, steps):
    for _, step in steps:
        image = step(image)
    return image


def make_cases(images):
    cases, expected = [], bytearray()
    for name, steps in shown(images):
        result = run(images[name], steps)
        cases.append({
            "picture": name, "transforms": [transform for transform, _ in steps], "width": result.width,
            "height": result.height, "offset": len(expected)})
        expected += result.tobytes()
    for name, steps in summed(images):
        result = run(images[name], steps)
        cases.append({
            "picture": name, "transforms": [transform for transform, _ in steps], "width": result.width,
            "height": result.height, "sum": zlib.crc32(result.tobytes())})
    with open(os.path.join(HERE, "cases.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
    with open(os.path.join(HERE, "expected.bin"), "wb") as file:
        file.write(expected)


def make_cut_paste(images):
    """CutPaste as Li et al. describe it, spelled out, with the jitter of torchvision."""
    cases = []
    for name, image in images.items():
        for _ in range(6):
            area = generator.uniform(0.02, 0.15) * image.width * image.height
            aspect = math.exp(generator.uniform(math.log(0.3), math.log(1 / 0.3)))
            width = min(image.width, max(1, int(round(math.sqrt(area * aspect)))))
            height = min(image.height, max(1, int(round(math.sqrt(area / aspect)))))
            from_x, from_y, to_x, to_y = (
                int(generator.uniform(0, room - side)) for room, side in 2 * [(image.width, width), (image.height, height)])
            changes = [(kind, uniform(0.9, 1.1)) for kind in ["brightness", "contrast", "saturation"]]
            changes.append(("hue", uniform(-0.1, 0.1)))
            generator.shuffle(changes)
            transform, jitter = colors(*changes)
            patch = jitter(image.crop((from_x, from_y, from_x + width, from_y + height)))
            result = image.copy()
            result.paste(patch, (to_x, to_y, to_x + width, to_y + height))
            cases.append({
                "picture": name, "sum": zlib.crc32(result.tobytes()), "drawn": {
                    "size": size(width, height), "sourceX": from_x, "sourceY": from_y, "targetX": to_x, "targetY": to_y,
                    "adjustments": transform["colorAdjustments"]["_0"]}})
    with open(os.path.join(HERE, "cut_paste.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


def make_hues():
    ramp = bytes(range(256))
    cases = []
    for blue in range(0, 256, 15):
        turn = round(blue / 255 - 0.5, 3)
        red, green = Image.frombytes("L", (256, 256), ramp * 256), Image.frombytes("L", (256, 256), ramp * 256).transpose(Image.TRANSPOSE)
        image = Image.merge("RGB", (red, green, Image.new("L", (256, 256), blue)))
        cases.append({"blue": blue, "turn": turn, "sum": zlib.crc32(F.adjust_hue(image, turn).tobytes())})
    with open(os.path.join(HERE, "hues.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


def main():
    images = pictures()
    for name, image in images.items():
        image.save(os.path.join(HERE, name + ".png"), optimize=True)
    make_cases(images)
    make_hues()
    make_cut_paste(images)


if __name__ == "__main__":
    main()
