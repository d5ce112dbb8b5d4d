#!/usr/bin/env python3
"""Makes ../sprite: marks as signed distance fields, coloured by the style.

usage: sprite.py    (needs numpy, pillow, scipy)

Severity has a shape besides its colour: circle, triangle, diamond, octagon.
Kinds of stations: drop (rain), gauge (river level), tower (street flood),
dam (reservoir). A mark is 24 px with 4 px of field around it; the edge lies
at 191 of 255, as MapLibre has it.
"""
import json, math, os
import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sprite")
SIZE, PAD, OVER = 24, 4, 16


def regular(n, r, turn):
    return [(12 + r * math.cos(turn + 2 * math.pi * k / n), 12 + r * math.sin(turn + 2 * math.pi * k / n)) for k in range(n)]


def drop():
    pts = [(12, 1.5)]
    for k in range(-35, 216, 5):
        a = math.radians(k)
        pts.append((12 + 7.5 * math.cos(a), 14.5 + 7.5 * math.sin(a)))
    return pts


MARKS = {
    "circle": [regular(64, 9.5, 0)],
    "triangle": [[(12, 1.8), (22.6, 20.6), (1.4, 20.6)]],
    "diamond": [[(12, 1), (23, 12), (12, 23), (1, 12)]],
    "octagon": [regular(8, 10.8, math.pi / 8)],
    "square": [[(3, 3), (21, 3), (21, 21), (3, 21)]],
    "drop": [drop()],
    "gauge": [[(9, 1.5), (15, 1.5), (15, 14), (22.5, 14), (22.5, 22), (1.5, 22), (1.5, 14), (9, 14)]],
    "tower": [[(8.5, 1.5), (15.5, 1.5), (15.5, 18.5), (20, 18.5), (20, 22.5), (4, 22.5), (4, 18.5), (8.5, 18.5)]],
    "dam": [[(4, 2), (11, 2), (21, 22), (1.5, 22)]],
}


def field(polys, ratio):
    px = (SIZE + 2 * PAD) * ratio
    big = Image.new("L", (px * OVER // ratio, px * OVER // ratio), 0)
    draw = ImageDraw.Draw(big)
    for p in polys:
        draw.polygon([((x + PAD) * OVER, (y + PAD) * OVER) for x, y in p], fill=255)
    ink = np.array(big) > 127
    dist = (distance_transform_edt(~ink) - distance_transform_edt(ink)) / OVER  # in px of ratio 1
    step = OVER // ratio
    d = dist[step // 2::step, step // 2::step]
    return np.clip(191 - 255 * d / 8, 0, 255).round().astype(np.uint8)


os.makedirs(out, exist_ok=True)
for ratio in (1, 2):
    cell = (SIZE + 2 * PAD) * ratio
    sheet = np.zeros((cell, cell * len(MARKS), 4), dtype=np.uint8)
    index = {}
    for i, (name, polys) in enumerate(MARKS.items()):
        sheet[:, i * cell:(i + 1) * cell, 3] = field(polys, ratio)
        index[name] = {"x": i * cell, "y": 0, "width": cell, "height": cell, "pixelRatio": ratio, "sdf": True}
    name = "marks" if ratio == 1 else "marks@2x"
    Image.fromarray(sheet).save(os.path.join(out, name + ".png"), optimize=True)
    with open(os.path.join(out, name + ".json"), "w") as f:
        json.dump(index, f, indent=1)
        f.write("\n")
