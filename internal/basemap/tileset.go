package basemap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// tileset is what the style must know of a PMTiles file.
type tileset struct {
	layers           map[string]bool // names of its vector layers
	minZoom, maxZoom int
}

const (
	pmtilesHeader  = 127     // bytes, version 3
	maxMetadata    = 4 << 20 // bytes
	pmtilesVector  = 1       // tile type MVT
	pmtilesNone    = 1       // internal compressions
	pmtilesGzipped = 2
)

// openTileset reads header and metadata of a PMTiles file, version 3.
func openTileset(path string) (*tileset, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("map tiles: %w", err)
	}
	defer f.Close()
	t, err := readTileset(f)
	if err != nil {
		return nil, fmt.Errorf("map tiles %s: %w", path, err)
	}
	return t, nil
}

func readTileset(r io.ReaderAt) (*tileset, error) {
	var h [pmtilesHeader]byte
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if !bytes.Equal(h[:7], []byte("PMTiles")) || h[7] != 3 {
		return nil, errors.New("no PMTiles file of version 3")
	}
	if h[99] != pmtilesVector {
		return nil, errors.New("want vector tiles")
	}
	offset, length := binary.LittleEndian.Uint64(h[24:]), binary.LittleEndian.Uint64(h[32:])
	if length > maxMetadata || offset > 1<<62 {
		return nil, errors.New("metadata lie outside the file")
	}
	meta := io.Reader(io.NewSectionReader(r, int64(offset), int64(length)))
	switch h[97] {
	case pmtilesNone:
	case pmtilesGzipped:
		z, err := gzip.NewReader(meta)
		if err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		meta = io.LimitReader(z, maxMetadata)
	default:
		return nil, fmt.Errorf("metadata are compressed in a way (%d) that is not known here; want gzip or none", h[97])
	}
	var in struct {
		VectorLayers []struct {
			ID string `json:"id"`
		} `json:"vector_layers"`
	}
	if err := json.NewDecoder(meta).Decode(&in); err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	t := &tileset{layers: map[string]bool{}, minZoom: int(h[100]), maxZoom: int(h[101])}
	for _, l := range in.VectorLayers {
		t.layers[l.ID] = true
	}
	return t, nil
}
