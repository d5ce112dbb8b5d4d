package city_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"openioc.org/ioc/internal/city"
)

// hue is a small city of another folder: two wards that were one.
var hue = map[string]string{
	"city.toml": `code = "46"
name = "Huế"
full_name = "Thành phố Huế"
name_en = "Hue"
center = [107.59, 16.46]
zoom = 11
view = [107, 16, 108, 17]
`,
	"units.csv": `id,code,kind,full_name,name,valid_from,valid_to,area_km2
1,1,ward,Phường Bắc,Bắc,2025-07-01,,2.5
2,2,ward,Phường Nam,Nam,2025-07-01,,
1-2025,1,commune,"Xã Giữa",Giữa,,2025-07-01,
`,
	"successors.csv": "old,new\n1-2025,1\n1-2025,2\n",
	"shapes.geojson": `{"type":"FeatureCollection","features":[
{"type":"Feature","id":"1","geometry":{"type":"Polygon","coordinates":[[[107,16.5],[108,16.5],[108,17],[107,17],[107,16.5]]]}},
{"type":"Feature","id":"2","geometry":{"type":"Polygon","coordinates":[[[107,16],[108,16],[108,16.5],[107,16.5],[107,16]]]}}
]}`,
}

func folder(t *testing.T, change map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range hue {
		if c, ok := change[name]; ok {
			content = c
		}
		if content == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadDir_AnotherCity(t *testing.T) {
	c, err := city.LoadDir(folder(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Info().Name != "Huế" || c.Info().Timezone != "Asia/Ho_Chi_Minh" {
		t.Errorf("%+v", c.Info())
	}
	if u, ok := c.Find(107.5, 16.2, now); !ok || u.Name != "Nam" {
		t.Errorf("found %q, %t", u.Name, ok)
	}
	if next := c.Successors("1-2025", time.Time{}); len(next) != 2 {
		t.Errorf("%v", next)
	}
	if u, _ := c.Unit("1-2025"); u.BBox.String() != "107,16,108,17" {
		t.Errorf("the old unit's box is %v, want that of its successors", u.BBox)
	}
}

func TestLoadDir_WithoutTheOptionalFiles(t *testing.T) {
	c, err := city.LoadDir(folder(t, map[string]string{"successors.csv": "", "shapes.geojson": ""}))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Find(107.5, 16.2, now); ok || len(c.Units(now)) != 2 {
		t.Error("a city without boundaries found a unit, or lost one")
	}
}

func TestLoadDir_ProblemsNameFileAndLine(t *testing.T) {
	for name, test := range map[string]struct{ file, content, want string }{
		"no units":           {"units.csv", "", "units.csv"},
		"unknown key":        {"city.toml", "name = 'x'\ncolour = 'red'\n", `city.toml:2: unknown key colour`},
		"broken toml":        {"city.toml", "name = 'x'\nname_en = \n", "city.toml:2: "},
		"no name":            {"city.toml", "", "city.toml"},
		"missing column":     {"units.csv", "id,code,kind,name\n", `units.csv:1: no column "full_name"`},
		"unknown column":     {"units.csv", hueUnits(0, "valid_to", "valid_until"), `units.csv:1: unknown column "valid_until"`},
		"unknown kind":       {"units.csv", hueUnits(1, "ward", "wart"), `units.csv:2: kind: "wart" is not known`},
		"wrong date":         {"units.csv", hueUnits(1, "2025-07-01", "1/7/2025"), `units.csv:2: valid_from: "1/7/2025" is no date`},
		"wrong number":       {"units.csv", hueUnits(1, "2.5", "2,5km"), "units.csv:2: wrong number of fields"},
		"twice":              {"units.csv", hueUnits(2, "2,2", "1,1"), `units.csv:3: id "1" stands on line 2`},
		"ends before it was": {"units.csv", hueUnits(1, "2025-07-01,", "2025-07-01,2025-06-30"), "units.csv:2: valid_to is not after"},
		"two problems": {"units.csv", strings.ReplaceAll(hue["units.csv"], "ward", "wart"),
			"units.csv:2: kind: \"wart\" is not known\nunits.csv:3"},
		"unknown successor":    {"successors.csv", "old,new\n1-2025,1\n1-2025,7\n", `successors.csv:3: no unit "7"`},
		"successor of a live":  {"successors.csv", "old,new\n1,2\n", `successors.csv:2: unit "1" has a successor and no end`},
		"shape of no unit":     {"shapes.geojson", strings.Replace(hue["shapes.geojson"], `"2"`, `"7"`, 1), `shapes.geojson:3: id: no unit "7"`},
		"shape that is broken": {"shapes.geojson", strings.Replace(hue["shapes.geojson"], "[108,17],", "[208,17],", 1), "shapes.geojson:2: geometry: coordinates[0][2]: want a longitude"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := city.LoadDir(folder(t, map[string]string{test.file: test.content}))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// hueUnits is the units of hue with a word of one line changed.
func hueUnits(line int, old, new string) string {
	lines := strings.SplitAfter(hue["units.csv"], "\n")
	lines[line] = strings.Replace(lines[line], old, new, 1)
	return strings.Join(lines, "")
}
