//go:build pprof

package main

// Built with -tags pprof the program serves its profiles on 127.0.0.1:6060.

import (
	"net/http"
	_ "net/http/pprof"
)

func init() { go http.ListenAndServe("127.0.0.1:6060", nil) }
