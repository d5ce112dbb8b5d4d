package vi_test

import (
	"fmt"
	"slices"

	"openioc.org/ioc/internal/vi"
)

func ExampleFold() {
	fmt.Println(vi.Fold("Đặc khu Hoàng Sa"))
	// Output: dac khu hoang sa
}

func ExampleKey() {
	fmt.Println(vi.Key("Hoà Vang") == vi.Key("Hòa Vang"))
	// Output: true
}

func ExampleCompare() {
	names := []string{"Em", "Zalo", "Đà", "Ân", "Dũng", "An"}
	slices.SortFunc(names, vi.Compare)
	fmt.Println(names)
	// Output: [An Ân Dũng Đà Em Zalo]
}

func ExampleFormatNumber() {
	fmt.Println(vi.FormatNumber(1234.5, 1))
	// Output: 1.234,5
}
