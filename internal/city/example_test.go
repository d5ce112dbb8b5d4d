package city_test

import (
	"fmt"
	"time"

	"openioc.org/ioc/internal/city"
)

func ExampleCity_Find() {
	c, err := city.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	bridge, _ := c.Find(108.2240, 16.0612, time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC))
	fmt.Println(bridge.Code, bridge.FullName)
	// Output: 20242 Phường Hải Châu
}

func ExampleCity_Search() {
	c, err := city.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, u := range c.Search("nai hien dong", time.Time{}) {
		for _, next := range c.Successors(u.ID, time.Time{}) {
			fmt.Println(u.FullName, "→", next.FullName)
		}
	}
	// Output: Phường Nại Hiên Đông → Phường Sơn Trà
}
