package basemap

import (
	"bytes"
	"testing"
)

func FuzzReadTileset(f *testing.F) {
	h := make([]byte, pmtilesHeader)
	copy(h, "PMTiles\x03")
	h[24], h[32], h[97], h[99] = pmtilesHeader, 2, pmtilesNone, pmtilesVector
	f.Add(append(h, "{}"...))
	f.Add(append(bytes.Clone(h), `{"vector_layers":[{"id":"roads"}]}`...))
	f.Add([]byte("PMTiles"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if set, err := readTileset(bytes.NewReader(data)); err == nil && set.layers == nil {
			t.Fatal("a tileset without its layers")
		}
	})
}
