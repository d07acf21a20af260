"""Writes images.json: what Pillow and the standard library make of pictures, for
test_image.c and test_prep.c. Needs Pillow and NumPy; the tests do not.

    python3 tests/unit/golden/make_images.py DATA > tests/unit/golden/images.json
"""

import colorsys
import glob
import io
import json
import os
import sys

import numpy as np
from PIL import Image, ImageOps


def fnv(data):
    """FNV-1a of the bytes, 64 bits, as text: JSON's integers are signed."""
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def pattern(w, h, c):
    """A picture that both sides can make: waves and a pinch of noise."""
    i = np.arange(w * h * c, dtype=np.uint64)
    noise = (i * np.uint64(2654435761) % np.uint64(4294967296)) >> np.uint64(24)
    x = i // np.uint64(c) % np.uint64(w)
    y = i // np.uint64(c * w)
    k = i % np.uint64(c)
    wave = x * np.uint64(7) + y * np.uint64(3) * (k + np.uint64(1))
    return ((wave + noise // np.uint64(2)) % np.uint64(256)).astype(np.uint8).reshape(h, w, c)


def picture(array):
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def resizes():
    for w, h, c, to_w, to_h in [(31, 17, 3, 8, 8), (8, 8, 3, 31, 17), (64, 48, 1, 28, 28),
                                (300, 200, 3, 256, 170), (50, 40, 3, 50, 20),
                                (50, 40, 3, 25, 40), (7, 5, 1, 7, 5), (1, 1, 3, 9, 4),
                                (257, 3, 1, 2, 2), (100, 100, 3, 99, 101)]:
        out = picture(pattern(w, h, c)).resize((to_w, to_h), Image.BILINEAR)
        yield {"from": [w, h, c], "to": [to_w, to_h], "fnv": fnv(np.asarray(out).tobytes())}


def wanted(path):
    """As we decode: grey stays grey, all else is colour, transparency is dropped, 16 bits
    keep their high byte."""
    image = Image.open(path)
    if image.mode.startswith("I"):
        return (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8), 1
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L")), 1
    return np.asarray(image.convert("RGBA").convert("RGB") if image.mode == "P"
                      else image.convert("RGB")), 3


def pngs(data):
    """Every valid picture of PngSuite that has at most 8 bits: exact."""
    for path in sorted(glob.glob(os.path.join(data, "images/robust/png/pngsuite/*.png"))):
        name = os.path.basename(path)
        if name.startswith("x") or "16.png" in name or name.startswith("bg"):
            continue
        try:
            pixels, c = wanted(path)
        except Exception:
            continue
        yield {"file": os.path.relpath(path, data), "size": [*pixels.shape[1::-1], c],
               "fnv": fnv(pixels.tobytes())}


def jpegs(data):
    """Exact too: Pillow decodes with libjpeg-turbo, as we do."""
    caltech = "images/caltech101/101_ObjectCategories"
    names = ["images/photos/china.jpg", "images/photos/flower.jpg",
             "images/caltech256/caltech-256-bathtub.jpg",
             f"{caltech}/airplanes/image_0001.jpg", f"{caltech}/ketch/image_0012.jpg"]
    names += [os.path.relpath(path, data) for path in
              sorted(glob.glob(os.path.join(data, "images/robust/jpeg/reftest/**/*.jpg"),
                               recursive=True))]
    for name in names:
        if Image.open(os.path.join(data, name)).format != "JPEG":
            continue
        pixels, c = wanted(os.path.join(data, name))
        yield {"file": name, "size": [*pixels.shape[1::-1], c], "fnv": fnv(pixels.tobytes())}


def orientations():
    """Each of the eight, in files of both byte orders, of JPEG and PNG; and some that say
    nothing that there is."""
    base = picture(pattern(21, 13, 3))
    for number in [*range(1, 9), 0, 9]:
        for kind, endian in [("jpeg", "<"), ("jpeg", ">"), ("png", ">")]:
            exif = Image.Exif()
            exif.endian = endian
            exif[0x010F] = "a camera"
            exif[0x0112] = number
            out = io.BytesIO()
            (base.convert("L") if number % 3 == 1 else base).save(out, kind, exif=exif)
            image = ImageOps.exif_transpose(Image.open(out))
            yield {"orientation": number, "bytes": out.getvalue().hex(),
                   "size": [*image.size, len(image.getbands())],
                   "fnv": fnv(np.asarray(image).tobytes())}


def validation(data):
    """The whole way of a validation image, in NumPy."""
    name = "images/caltech256/caltech-256-bathtub.jpg"
    image = Image.open(os.path.join(data, name)).convert("RGB")
    w, h = image.size
    side = 256
    size = (side, side * h // w) if w < h else (side * w // h, side)
    image = image.resize(size, Image.BILINEAR)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    x = np.asarray(image)[top:top + 224, left:left + 224].astype(np.float32)
    x = (x - np.float32([123.675, 116.28, 103.53])) / np.float32([58.395, 57.12, 57.375])
    x = x.transpose(2, 0, 1)
    places = [int(i) for i in np.linspace(0, x.size - 1, 40)]
    return {"file": name, "mean": float(x.mean()), "places": places,
            "values": [float(x.reshape(-1)[i]) for i in places]}


def colors():
    """colorsys is the oracle of hue, lightness and saturation."""
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 256, (60, 3))
    pixels[:4] = [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0]]
    for hue, saturation, lightness in [(0, 0, 0), (36, 0, 0), (-36, 0, 0), (0, 50, 0),
                                       (0, -50, 0), (0, 0, 50), (0, 0, -50), (20, 33, -17)]:
        out = []
        for p in pixels:
            h, l, s = colorsys.rgb_to_hls(*(float(v) / 255 for v in p))
            h = (h + hue / 180) % 1
            l = min(1, max(0, l + lightness / 255))
            s = min(1, max(0, s + saturation / 255))
            out.append([int(255 * v + 0.5) for v in colorsys.hls_to_rgb(h, l, s)])
        yield {"add": [hue, saturation, lightness],
               "from": [int(v) for v in pixels.reshape(-1)],
               "to": [v for p in out for v in p]}


def main():
    data = sys.argv[1]
    golden = {"resize": list(resizes()), "png": list(pngs(data)), "jpeg": list(jpegs(data)),
              "orientation": list(orientations()), "validation": validation(data), "color": list(colors())}
    text = json.dumps(golden)
    print(text.replace('}, {"', '},\n{"').replace('], "', '],\n"'))


main()
