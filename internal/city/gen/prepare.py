#!/usr/bin/env python3
"""Makes ../data from the published files named in ../data/ORIGIN.md.

usage: prepare.py FOLDER    (needs shapely; FOLDER holds the source files)
"""
import collections, csv, gzip, json, os, re, sys, unicodedata
import shapely
from shapely.geometry import shape, mapping
from shapely.ops import unary_union, polylabel

src = sys.argv[1]
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
MERGER = "2025-07-01"
LEGAL = "NQ 202/2025/QH15; NQ 1659/NQ-UBTVQH15; QĐ 19/2025/QĐ-TTg"
KINDS = {"Phường": "ward", "Xã": "commune", "Đặc khu": "special_zone", "Thị trấn": "township",
         "Quận": "urban_district", "Huyện": "rural_district", "Thị xã": "town", "Thành phố": "provincial_city"}


def load(name):
    with open(os.path.join(src, name), encoding="utf-8-sig") as f:
        return json.load(f) if name.endswith("json") else list(csv.DictReader(f))


def older(s):
    """The placement of tone marks that the city writes: Hòa, Thủy."""
    def move(m):
        first, second, tail = m.groups()
        d = unicodedata.normalize("NFD", second)
        tones = [c for c in d if c in "\u0300\u0301\u0303\u0309\u0323"]
        if not tones:
            return m.group(0)
        bare = unicodedata.normalize("NFC", "".join(c for c in d if c not in tones))
        return unicodedata.normalize("NFC", first + tones[0]) + bare + tail
    s = unicodedata.normalize("NFC", s.strip())
    s = re.sub(r"([oO])([àáảãạèéẻẽẹ])(\b)", move, s)
    return re.sub(r"(?<![qQ])([uU])([ỳýỷỹỵ])(\b)", move, s)


def plain(s):
    s = unicodedata.normalize("NFD", s.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in s if not unicodedata.combining(c))


def num(v):
    return ("%.6f" % v).rstrip("0").rstrip(".")


def write_csv(name, header, rows):
    with open(os.path.join(out, name), "w", encoding="utf-8", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(header)
        w.writerows(rows)


def features(fs, digits):
    def cut(c):
        return [cut(x) for x in c] if isinstance(c[0], (list, tuple)) else [round(c[0], digits), round(c[1], digits)]
    lines = []
    for code, geom in fs:
        g = {"type": geom["type"], "coordinates": cut(geom["coordinates"])}
        lines.append(json.dumps({"type": "Feature", "id": code, "properties": {}, "geometry": g}, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


full = load("danang_wards_2025_94.geojson")["features"]
links = load("old_to_new_wards_danang_vau.csv")

rows = []
for f in sorted(full, key=lambda f: f["properties"]["code"]):
    p, g = f["properties"], shape(f["geometry"])
    parts = list(g.geoms) if g.geom_type == "MultiPolygon" else [g]
    if p["codeName"] == "hoang_sa":  # a label between the islands, not on one of them
        pt, p["nameEn"] = g.centroid, "Hoang Sa"
    else:
        pt = polylabel(max(parts, key=lambda q: q.area), 0.0005)
    kind = KINDS[p["fullName"][: -len(p["name"]) - 1]]
    rows.append([p["code"], p["code"], kind, older(p["fullName"]), older(p["name"]), p["nameEn"], "",
                 num(p["areaKm2"]), num(round(pt.x, 5)), num(round(pt.y, 5)), MERGER, "", LEGAL])

old, succ = collections.OrderedDict(), []
districts, district_succ = collections.OrderedDict(), collections.defaultdict(dict)
for r in links:
    did = r["districtCode"] + "-2025"
    name = older(r["district"])
    short = name[len(r["districtType"]) + 1:]
    districts[did] = [did, r["districtCode"], KINDS[r["districtType"]], name, short, plain(short), "", "", "", "", "", MERGER, LEGAL]
    district_succ[did][r["newWardCode"]] = True
    if not r["ward"]:
        continue
    code = r["wardCode"].split(".")[0]
    wid = code + "-2025"
    name = older(r["ward"])
    short = name[len(r["wardType"]) + 1:]
    old[wid] = [wid, code, KINDS[r["wardType"]], name, short, plain(short), did, "", "", "", "", MERGER, LEGAL]
    succ.append([wid, r["newWardCode"], "part" if r["isDividedWard"] == "True" else "whole"])
# A district's units share their new units with neighbours, so it goes to each in part unless to one only.
for did, news in district_succ.items():
    for n in sorted(news):
        succ.append([did, n, "whole" if len(news) == 1 else "part"])

write_csv("units.csv", "id code kind full_name name name_en parent area_km2 lon lat valid_from valid_to legal".split(),
          rows + list(districts.values()) + sorted(old.values()))
write_csv("successors.csv", ["old", "new", "part"], succ)
# Simplified together, so that neighbours keep one line between them: 55 m.
simple = shapely.coverage_simplify([shape(x["geometry"]) for x in full], 0.0005)
with open(os.path.join(out, "shapes.geojson"), "w") as f:
    f.write(features([(x["properties"]["code"], mapping(g)) for x, g in zip(full, simple)], 5))
print(sum(shapely.get_num_coordinates(g) for g in simple), "vertices in shapes.geojson")
with open(os.path.join(out, "boundaries.geojson.gz"), "wb") as f:
    with gzip.GzipFile(fileobj=f, mode="wb", compresslevel=9, mtime=0, filename="") as z:
        z.write(features([(x["properties"]["code"], x["geometry"]) for x in full], 6).encode())
outline = unary_union([g.buffer(0.00002) for g in simple]).simplify(0.002)
with open(os.path.join(out, "outline.geojson"), "w") as f:
    f.write(features([("48", mapping(outline))], 5))
print(len(rows), "units,", len(districts), "old districts,", len(old), "old wards,", len(succ), "links")
