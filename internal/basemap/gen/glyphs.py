#!/usr/bin/env python3
"""Makes the glyph ranges of ../glyphs: signed distance fields of a font.

usage: glyphs.py FOLDER    (needs freetype-py, fonttools, brotli, numpy, scipy)

FOLDER is the "files" folder of the npm package @fontsource/be-vietnam-pro,
whose subsets are put together again. As MapLibre wants them: 24 px, buffer 3,
radius 8, cutoff 0.25; a glyph is drawn eight times as large and the exact
distance to its edge is taken at the middle of each pixel.
"""
import gzip, io, os, sys
import freetype
import numpy as np
from fontTools.ttLib import TTFont
from scipy.ndimage import distance_transform_edt

src = sys.argv[1]
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "glyphs")
SIZE, BUFFER, RADIUS, CUTOFF, OVER = 24, 3, 8, 0.25, 8
ASCENDER = 26  # MapLibre centres lines for fonts of about this ascender
STACKS = {"Be Vietnam Pro Regular": "400", "Be Vietnam Pro SemiBold": "600"}
RANGES = [0, 256, 512, 768, 7680, 8192]


def varint(n):
    b = bytearray()
    while n > 0x7F:
        b.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(b) + bytes([n])


def field(num, value):
    if isinstance(value, bytes):
        return varint(num << 3 | 2) + varint(len(value)) + value
    return varint(num << 3) + varint(value)


def zigzag(n):
    return n << 1 if n >= 0 else (-n << 1) - 1


def face(weight, subset):
    path = os.path.join(src, "be-vietnam-pro-%s-%s-normal.woff2" % (subset, weight))
    font = TTFont(path)
    font.flavor = None
    buf = io.BytesIO()
    font.save(buf)
    buf.seek(0)
    f = freetype.Face(buf)
    f.set_pixel_sizes(0, SIZE * OVER)
    return f, set(font.getBestCmap())


def glyph(f, code):
    f.load_char(chr(code), freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_TARGET_NORMAL)
    g = f.glyph
    advance = round(g.linearHoriAdvance / 65536 / OVER)
    bm = g.bitmap
    msg = field(1, code)
    if bm.width == 0:
        return msg + field(3, 0) + field(4, 0) + field(5, 0) + field(6, zigzag(-ASCENDER)) + field(7, advance)
    ink = np.array(bm.buffer, dtype=np.uint8).reshape(bm.rows, bm.pitch)[:, :bm.width] > 127
    left, top = g.bitmap_left, g.bitmap_top  # in large pixels
    x0, x1 = left // OVER, -(-(left + bm.width) // OVER)
    y0, y1 = (top - bm.rows) // OVER, -(-top // OVER)  # up is positive
    w, h = x1 - x0, y1 - y0
    big = np.zeros(((h + 2 * BUFFER) * OVER, (w + 2 * BUFFER) * OVER), dtype=bool)
    r, c = (y1 + BUFFER) * OVER - top, left - (x0 - BUFFER) * OVER
    big[r:r + bm.rows, c:c + bm.width] = ink
    # Distance to the edge, which runs between pixels: half a pixel nearer.
    dist = distance_transform_edt(~big) - distance_transform_edt(big)
    dist = dist - np.sign(dist) * 0.5
    # The middle of a pixel lies between the four large ones around it.
    m = OVER // 2
    d = (dist[m - 1::OVER, m - 1::OVER] + dist[m::OVER, m - 1::OVER] + dist[m - 1::OVER, m::OVER] + dist[m::OVER, m::OVER]) / 4 / OVER
    v = np.clip(255 - 255 * (d / RADIUS + CUTOFF), 0, 255).round().astype(np.uint8)
    return (msg + field(2, v.tobytes()) + field(3, w) + field(4, h) + field(5, zigzag(x0)) +
            field(6, zigzag(y1 - ASCENDER)) + field(7, advance))


for stack, weight in STACKS.items():
    faces = [face(weight, s) for s in ("latin", "latin-ext", "vietnamese")]
    folder = os.path.join(out, stack)
    os.makedirs(folder, exist_ok=True)
    for start in RANGES:
        body, n = field(1, stack.encode()) + field(2, ("%d-%d" % (start, start + 255)).encode()), 0
        for code in range(start, start + 256):
            f = next((f for f, cmap in faces if code in cmap), None)
            if f is not None:
                body += field(3, glyph(f, code))
                n += 1
        with open(os.path.join(folder, "%d-%d.pbf.gz" % (start, start + 255)), "wb") as dst:
            with gzip.GzipFile(fileobj=dst, mode="wb", compresslevel=9, mtime=0, filename="") as z:
                z.write(field(1, body))
            print(stack, start, n, "glyphs", dst.tell(), "bytes")
