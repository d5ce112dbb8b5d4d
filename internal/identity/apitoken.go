package identity

import (
	"strings"
)

// apiPrefix begins the tokens of other systems.
const apiPrefix = "ioct_"

func isAPIToken(token string) bool {
	return len(token) == len(apiPrefix)+52 && strings.HasPrefix(token, apiPrefix)
}
