package basemap

// theme is the colours of the map; the tokens of the interface.
type theme struct {
	name                         string
	sea, land, border            string
	text, muted, halo, seaText   string
	accent, river, coast         string
	road, roadCasing, build, tow string
}

var themes = map[string]theme{
	"dark": {
		name: "dark", sea: "#0A1A2C", land: "#15243A", border: "#2A3D5C",
		text: "#E8EEF8", muted: "#8DA0BD", halo: "#0B1220", seaText: "#4F7199",
		accent: "#22C3B6", river: "#0F2A47", coast: "#2F4A70",
		road: "#2C4063", roadCasing: "#101D31", build: "#1B2D49", tow: "#B9C7DD",
	},
	"light": {
		name: "light", sea: "#DCE9F5", land: "#F7F5F0", border: "#C9CFDA",
		text: "#101828", muted: "#55637A", halo: "#FFFFFF", seaText: "#4A76A8",
		accent: "#0B8F85", river: "#B9D5EE", coast: "#A9BFD6",
		road: "#E3DFD6", roadCasing: "#CFC9BC", build: "#ECE8DF", tow: "#344054",
	},
}
