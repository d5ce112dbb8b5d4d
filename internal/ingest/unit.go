package ingest

import "strings"

// unit is a unit of measurement against the base unit of its dimension:
// base = (value + shift) × num / den. Whole numerators and denominators keep
// 7 cm exactly 0.07 m.
type unit struct {
	dimension string
	num, den  float64
	shift     float64
}

// units are the UCUM symbols that a city's instruments use. What sensors
// write instead of the symbol is in unitAliases.
var units = map[string]unit{
	"m": {"length", 1, 1, 0}, "dm": {"length", 1, 10, 0}, "cm": {"length", 1, 100, 0}, "mm": {"length", 1, 1000, 0},
	"um": {"length", 1, 1e6, 0}, "km": {"length", 1000, 1, 0}, "[in_i]": {"length", 254, 10000, 0}, "[ft_i]": {"length", 3048, 10000, 0},

	"Cel": {"temperature", 1, 1, 0}, "K": {"temperature", 1, 1, -273.15}, "[degF]": {"temperature", 5, 9, -32},

	"m3/s": {"flow", 1, 1, 0}, "m3/h": {"flow", 1, 3600, 0}, "m3/d": {"flow", 1, 86400, 0},
	"L/s": {"flow", 1, 1000, 0}, "L/min": {"flow", 1, 60000, 0}, "L/h": {"flow", 1, 3600000, 0},

	"Pa": {"pressure", 1, 1, 0}, "hPa": {"pressure", 100, 1, 0}, "kPa": {"pressure", 1000, 1, 0}, "MPa": {"pressure", 1e6, 1, 0},
	"bar": {"pressure", 1e5, 1, 0}, "mbar": {"pressure", 100, 1, 0}, "mm[Hg]": {"pressure", 133322387415, 1e9, 0},

	"m/s": {"speed", 1, 1, 0}, "cm/s": {"speed", 1, 100, 0}, "km/h": {"speed", 10, 36, 0}, "[kn_i]": {"speed", 1852, 3600, 0},
	"mm/h": {"speed", 1, 3.6e6, 0}, "mm/min": {"speed", 1, 6e4, 0}, "mm/d": {"speed", 1, 8.64e7, 0},

	"g/L": {"concentration", 1000, 1, 0}, "mg/L": {"concentration", 1, 1, 0}, "ug/L": {"concentration", 1, 1000, 0},
	"g/m3": {"concentration", 1, 1, 0}, "mg/m3": {"concentration", 1, 1000, 0}, "ug/m3": {"concentration", 1, 1e6, 0},

	"m3": {"volume", 1, 1, 0}, "L": {"volume", 1, 1000, 0}, "mL": {"volume", 1, 1e6, 0}, "10*6.m3": {"volume", 1e6, 1, 0},
	"%": {"ratio", 1, 100, 0}, "1": {"ratio", 1, 1, 0}, "[ppm]": {"ratio", 1, 1e6, 0}, "[ppb]": {"ratio", 1, 1e9, 0},
	"V": {"voltage", 1, 1, 0}, "mV": {"voltage", 1, 1000, 0}, "A": {"current", 1, 1, 0}, "mA": {"current", 1, 1000, 0},
	"W": {"power", 1, 1, 0}, "kW": {"power", 1000, 1, 0}, "MW": {"power", 1e6, 1, 0},
	"W.h": {"energy", 1, 1, 0}, "kW.h": {"energy", 1000, 1, 0}, "J": {"energy", 1, 3600, 0},
	"S/m": {"conductivity", 1, 1, 0}, "mS/cm": {"conductivity", 1, 10, 0}, "uS/cm": {"conductivity", 1, 10000, 0},
	"deg": {"angle", 1, 1, 0}, "rad": {"angle", 57.29577951308232, 1, 0},
	"s": {"time", 1, 1, 0}, "min": {"time", 60, 1, 0}, "h": {"time", 3600, 1, 0}, "d": {"time", 86400, 1, 0},
	"[pH]": {"acidity", 1, 1, 0}, "[NTU]": {"turbidity", 1, 1, 0}, "dB[SPL]": {"sound", 1, 1, 0}, "W/m2": {"irradiance", 1, 1, 0},
}

// unitAliases are looked up in lower case, with spaces gone and ³, µ, ° and ²
// made plain.
var unitAliases = map[string]string{
	"inch": "[in_i]", "in": "[in_i]", "ft": "[ft_i]", "met": "m", "meter": "m", "metre": "m",
	"c": "Cel", "degc": "Cel", "celsius": "Cel", "cel": "Cel", "f": "[degF]", "degf": "[degF]", "kelvin": "K",
	"l/s": "L/s", "l/min": "L/min", "l/h": "L/h", "m3/ngay": "m3/d", "m3/day": "m3/d", "m3/gio": "m3/h", "m^3/h": "m3/h", "m^3/s": "m3/s",
	"hpa": "hPa", "kpa": "kPa", "mpa": "MPa", "pa": "Pa", "mmhg": "mm[Hg]",
	"mg/l": "mg/L", "ug/l": "ug/L", "g/l": "g/L", "ug/nm3": "ug/m3", "mg/nm3": "mg/m3",
	"kn": "[kn_i]", "knot": "[kn_i]", "kmh": "km/h", "kph": "km/h",
	"ph": "[pH]", "ntu": "[NTU]", "db": "dB[SPL]", "dba": "dB[SPL]", "db(a)": "dB[SPL]", "ppm": "[ppm]", "ppb": "[ppb]",
	"percent": "%", "us/cm": "uS/cm", "ms/cm": "mS/cm", "kwh": "kW.h", "l": "L",
}

var unitPlain = strings.NewReplacer("³", "3", "²", "2", "µ", "u", "μ", "u", "°", "deg", "º", "deg", " ", "")

func lookUnit(symbol string) (unit, bool) {
	if u, ok := units[symbol]; ok {
		return u, true
	}
	plain := unitPlain.Replace(symbol)
	if u, ok := units[plain]; ok {
		return u, true
	}
	lower := strings.ToLower(plain)
	if s, ok := unitAliases[lower]; ok {
		return units[s], true
	}
	u, ok := units[lower]
	return u, ok
}

// convert expresses v, given in the unit from, in the unit to. It is false
// where one of them is unknown or they measure different things.
func convert(v float64, from, to string) (float64, bool) {
	if from == to {
		return v, true
	}
	a, ok := lookUnit(from)
	if !ok {
		return 0, false
	}
	b, ok := lookUnit(to)
	if !ok || a.dimension != b.dimension {
		return 0, false
	}
	if a == b {
		return v, true // two spellings of one unit
	}
	return (v+a.shift)*(a.num*b.den)/(a.den*b.num) - b.shift, true
}

// sameUnit reports whether two symbols are spellings of one unit.
func sameUnit(a, b string) bool {
	if a == b {
		return true
	}
	x, ok := lookUnit(a)
	y, ok2 := lookUnit(b)
	return ok && ok2 && x == y
}
