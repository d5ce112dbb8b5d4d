//go:build !unix

package blob

func diskFull(error) bool { return false }
