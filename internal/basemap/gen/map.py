#!/usr/bin/env python3
"""Makes the layers of ../data from the published files named in ../data/ORIGIN.md.

usage: map.py FOLDER    (needs shapely; FOLDER holds the source files)

Land is the world's countries, coarse, but the full shoreline (both banks of
the rivers) between 107-109.6 E and 14-17 N. Countries carry no names: what is
labelled is what labels.csv says. No line is drawn in the sea.
"""
import csv, gzip, json, os, sys, unicodedata
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, mapping, shape
import shapely
from shapely.affinity import translate
from shapely.ops import linemerge, polygonize, unary_union
from shapely.prepared import prep

src = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "..", "data")
DETAIL = box(106.995, 14, 109.6, 17)
NEAR = box(98, 4, 122, 26)  # where the operators look
HAN = box(108.205, 16.03, 108.24, 16.105)
VIETNAM, NEIGHBOURS = "704", {"418", "116", "156"}


def load(name):
    with open(os.path.join(src, name), encoding="utf-8") as f:
        return json.load(f)


def write(name, features, digits):
    def cut(c):
        if isinstance(c[0], (list, tuple)):
            return [cut(x) for x in c]
        return [round(c[0], digits), round(c[1], digits)]
    lines = []
    for props, geom in features:
        g = mapping(geom)
        g = {"type": g["type"], "coordinates": cut(g["coordinates"])}
        lines.append(json.dumps({"type": "Feature", "properties": props, "geometry": g}, separators=(",", ":"), ensure_ascii=False))
    data = ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()
    with open(os.path.join(out, name + ".geojson.gz"), "wb") as f:
        with gzip.GzipFile(fileobj=f, mode="wb", compresslevel=9, mtime=0, filename="") as z:
            z.write(data)
        print(name, len(features), "features", len(data), "bytes", f.tell(), "compressed")


def polygons(g):
    return [p for p in getattr(g, "geoms", [g]) if p.geom_type == "Polygon" and not p.is_empty]


def lines_of(g):
    if g.is_empty:
        return []
    g = linemerge(g) if g.geom_type == "MultiLineString" else g
    return [l for l in getattr(g, "geoms", [g]) if l.geom_type == "LineString"]


def smooth(line):
    pts = list(line.simplify(0.0005).coords)
    if len(pts) < 4:
        pts = list(line.coords)
    out = [pts[0]] if pts[0] != pts[-1] else []
    for (ax, ay), (bx, by) in zip(pts, pts[1:]):
        out += [(0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by), (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by)]
    return LineString(out + [pts[-1] if out[0] == pts[0] else out[0]])


# The countries, arc by arc, so that neighbours stay neighbours.
topo = load("coast/world_countries_50m.topo.json")
(sx, sy), (tx, ty) = topo["transform"]["scale"], topo["transform"]["translate"]
arcs = []
for deltas in topo["arcs"]:
    x = y = 0
    pts = []
    for dx, dy in deltas:
        x, y = x + dx, y + dy
        pts.append((x * sx + tx, y * sy + ty))
    line = LineString(pts)
    near = NEAR.intersects(line)
    pts2 = list(line.simplify(0.004 if near else 0.08).coords)
    if pts[0] == pts[-1] and len(pts2) < 4:
        pts2 = pts if near else None  # a far islet is dropped
    arcs.append(pts2)


def ring(ids):
    pts = []
    for i in ids:
        a = arcs[i] if i >= 0 else (arcs[~i][::-1] if arcs[~i] else None)
        if a is None:
            return None
        pts += a if not pts else a[1:]
    for i in range(1, len(pts)):  # across 180 degrees, go on counting
        x = pts[i][0] + 360 * round((pts[i - 1][0] - pts[i][0]) / 360)
        pts[i] = (x, pts[i][1])
    return pts if len(pts) >= 4 and pts[0] == pts[-1] else None  # Antarctica goes around the pole: left out


def within180(p):
    parts = [translate(p, xoff=360 * k).intersection(box(-180, -90, 180, 90)) for k in (-1, 0, 1)]
    return unary_union([q for part in parts for q in polygons(part)])


countries, users = {}, {}
for g in topo["objects"]["countries"]["geometries"]:
    parts = []
    for poly in (g["arcs"] if g["type"] == "MultiPolygon" else [g["arcs"]]):
        rings = [ring(r) for r in poly]
        if rings[0]:
            parts.append(within180(Polygon(rings[0], [r for r in rings[1:] if r]).buffer(0)))
        for r in poly:
            for i in r:
                users.setdefault(i if i >= 0 else ~i, set()).add(g.get("id") or g["properties"]["name"])
    key = g.get("id") or g["properties"]["name"]
    countries[key] = unary_union([p for p in parts if not p.is_empty] + ([countries[key]] if key in countries else []))

provinces = load("vn_provinces_34_simplified.geojson")["features"]
for f in provinces:
    f["shape"] = shape(f["geometry"]).buffer(0)
units = load("danang_wards_2025_94.geojson")["features"]
outlines = shapely.coverage_simplify([shape(f["geometry"]) for f in units], 0.0005)
wards = unary_union([g.buffer(0) for g in outlines])
city = max(polygons(unary_union([g.buffer(0.0001) for g in outlines])), key=lambda p: p.area)

# The shoreline cut at the box makes faces; a face is land when the coarse
# maps say so of most of it.
coarse = unary_union(list(countries.values()))
coarse_here = unary_union([coarse.intersection(DETAIL), wards.intersection(DETAIL)])
shore = load("coast/gshhg_f_coastline_crop.geojson")["features"]
# GSHHG lies some 530 m too far east here: against the seaward boundaries of
# the wards its beaches fit best when moved by this much.
# Its steps of 90 m are rounded off.
cut = [smooth(translate(LineString(f["geometry"]["coordinates"]), xoff=-0.005)) for f in shore]
faces = list(polygonize(unary_union(cut + [DETAIL.boundary])))
by_size = sorted(faces, key=lambda p: -p.area)
land_here = []
for p in faces:
    if p.area > 0.05:
        share = p.intersection(coarse_here).area / p.area
        if share > 0.5:
            land_here.append(p)
main = unary_union(land_here)
for p in faces:
    if p.area > 0.05:
        continue
    # A small closed shore: an island of the sea or a river; level 2 is a lake.
    level = next((f["properties"]["level"] for f, l in zip(shore, cut) if l.is_ring and Polygon(l).equals(p)), 1)
    gone = p.area < 1.2e-5 and HAN.contains(p)  # sandbanks of the Hàn that are no more
    if level == 1 and not gone:
        land_here.append(p)
# Land won from the bay since the shoreline was surveyed, from Nam Ô to Thuận
# Phước: there the wards' boundary is the shore.
land_here.append(wards.intersection(box(108.13, 16.06, 108.2215, 16.097)))
land = unary_union([coarse.difference(DETAIL)] + land_here).simplify(0.00005)
far = [shape({"type": "Polygon", "coordinates": c}) for f in provinces if f["properties"]["code"] == "56"
       for c in f["geometry"]["coordinates"] if c[0][0][0] > 111]  # Trường Sa
hoang_sa = shape(next(f for f in load("danang_wards_2025_94.geojson")["features"] if f["properties"]["code"] == "20333")["geometry"])
islands = [p.simplify(0.0003) for p in polygons(hoang_sa)]
world = polygons(land)
world.sort(key=lambda p: -p.area)
write("land", [({}, MultiPolygon(world))] + [({"group": "hoang_sa"}, MultiPolygon(islands)), ({"group": "truong_sa"}, MultiPolygon(far))], 4)

# Borders on land: arcs that two countries share; those of Việt Nam are
# better in the provinces.
borders = [LineString(arcs[i]) for i, who in users.items() if len(who) > 1 and VIETNAM not in who and arcs[i]]
write("countries", [({}, l) for l in lines_of(unary_union(borders))], 3)

# Provinces: the lines between two of them, and the border on land.
CITY = "48"  # its own outline is better than the coarse one
others = [f for f in provinces if f["properties"]["code"] != CITY]
inner = []
for i, a in enumerate(others):
    for b in others[i + 1:]:
        if a["shape"].distance(b["shape"]) < 1e-6:
            inner += lines_of(a["shape"].boundary.intersection(b["shape"].boundary))
rest = unary_union([f["shape"] for f in others])
beyond = unary_union([countries[c] for c in NEIGHBOURS]).buffer(0.08)
edge = city.exterior.simplify(0.001)
inner += lines_of(edge.intersection(rest.buffer(0.03)))
ours = max(lines_of(edge.intersection(beyond.difference(rest.buffer(0.03)))), key=lambda l: l.length)
border = unary_union([LineString(arcs[i]) for i, who in users.items() if VIETNAM in who and len(who) > 1])
border = [l for l in lines_of(border.difference(city.buffer(0.07))) if l.length > 0.5]
ends = [Point(l.coords[k]) for l in border for k in (0, -1)]
for k in (0, -1):  # join the city's piece of the border to the rest
    at = Point(ours.coords[k])
    near = min(ends, key=at.distance)
    border.append(LineString([at, near]))
border = unary_union(border + [ours])
write("provinces", [({"kind": "province"}, l) for l in lines_of(unary_union(inner))] +
      [({"kind": "border"}, l) for l in lines_of(border) if l.length > 0.02], 4)

rivers = load("coast/wdbii_f_rivers_crop.geojson")["features"]
# Where the land has both banks the line in between is not wanted.
dry = unary_union(land_here)
write("rivers", [({"level": f["properties"]["level"]}, l)
                 for f in rivers for l in lines_of(LineString(f["geometry"]["coordinates"]).simplify(0.0004)
                                                   .intersection(unary_union([dry, coarse.difference(DETAIL)])))
                 if l.length > 0.003], 4)

labels = []
with open(os.path.join(here, "labels.csv"), encoding="utf-8") as f:
    for r in csv.DictReader(f):
        name = unicodedata.normalize("NFC", r["name"]).replace("|", "\n")
        en = unicodedata.normalize("NFC", r["name_en"]).replace("|", "\n") or name
        labels.append(({"kind": r["kind"], "name": name, "name_en": en, "rank": int(r["rank"])},
                       Point(float(r["lon"]), float(r["lat"]))))
places = {props["name"].removeprefix("TP. ") for props, _ in labels}
for f in provinces:
    p = max(polygons(f["shape"]), key=lambda q: q.area).representative_point()
    name = unicodedata.normalize("NFC", f["properties"]["name"])
    if name not in places:
        labels.append(({"kind": "province", "name": name.replace("Hoà", "Hòa"), "name_en": name.replace("Hoà", "Hòa"), "rank": 5}, p))
write("labels", labels, 4)
