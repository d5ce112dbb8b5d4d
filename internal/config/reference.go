package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference writes docs/reference/config.md from the struct tags.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nGenerated from `internal/config` (`go test ./internal/config -update`). One TOML file (`ioc.toml`), " +
		"environment variables `IOC_<SECTION>_<KEY>` over it, flags over both. Secrets may be read from a file: `url_file` in the file, `IOC_STORE_URL_FILE` in the environment. " +
		"`ioc check` lists every problem at once.\n\n| key | default | what |\n|---|---|---|\n")
	c := Default()
	eachField(&c, func(path string, v reflect.Value, sf reflect.StructField) {
		def := fmt.Sprint(v.Interface())
		if def == "" || def == "[]" {
			def = "–"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", path, def, sf.Tag.Get("about"))
	})
	return b.String()
}
