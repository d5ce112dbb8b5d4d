package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"testing"
	"time"
)

func packed(t *testing.T, size int) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(bytes.Repeat([]byte(" "), size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// However many large bodies come at once, only some are in memory; small ones
// pass them by.
func TestUnpack_LargeBodiesWaitForAPlace(t *testing.T) {
	p := &Pipeline{large: make(chan struct{}, largeBodies)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var leaves []func()
	for range largeBodies {
		body, leave, err := p.unpack(ctx, packed(t, 2*smallBody), "gzip")
		if err != nil || len(body) != 2*smallBody {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		leaves = append(leaves, leave)
	}
	if body, leave, err := p.unpack(ctx, packed(t, smallBody-1), "gzip"); err != nil || len(body) != smallBody-1 {
		t.Fatalf("a small one: %d bytes, %v", len(body), err)
	} else {
		leave()
	}
	came := make(chan error, 1)
	next := packed(t, 2*smallBody)
	go func() {
		_, leave, err := p.unpack(ctx, next, "gzip")
		if err == nil {
			leave()
		}
		came <- err
	}()
	select {
	case err := <-came:
		t.Fatalf("one too many came in: %v", err)
	case <-time.After(50 * time.Millisecond): // it must not come, however long we look
	}
	leaves[0]()
	if err := <-came; err != nil {
		t.Fatal(err)
	}
	// A refused one gives its place back, and so does one that waits no more.
	if _, _, err := p.unpack(ctx, packed(t, mostUnpacked+1), "gzip"); err == nil {
		t.Fatal("a bomb was taken")
	}
	if _, _, err := p.unpack(ctx, bytes.NewReader(packed(t, 2*smallBody).Bytes()[:1200]), "gzip"); err == nil {
		t.Fatal("a cut body was taken")
	}
	for _, leave := range leaves[1:] {
		leave()
	}
	if len(p.large) != 0 {
		t.Errorf("%d places are lost", len(p.large))
	}
	for range largeBodies {
		p.large <- struct{}{}
	}
	cancel()
	if _, _, err := p.unpack(ctx, packed(t, 2*smallBody), "gzip"); err == nil {
		t.Error("who has gone came in")
	}
}
