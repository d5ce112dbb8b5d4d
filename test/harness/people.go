package harness

import "fmt"

// Person makes an account, gives it a password of its own, signs it in and
// returns the session's token.
func (c *City) Person(username, role, unit string) (string, error) {
	const first = "First-pass-word-1"
	if err := c.Do("POST", "/api/v1/users", map[string]string{"username": username, "name": username, "role": role, "unit": unit, "password": first}, nil); err != nil {
		return "", fmt.Errorf("create %s: %w", username, err)
	}
	token, err := c.SignIn(username, first)
	if err != nil {
		return "", err
	}
	if err := c.DoAs(token, "POST", "/api/v1/me/password", map[string]string{"old": first, "new": Password}, nil); err != nil {
		return "", fmt.Errorf("change the first password of %s: %w", username, err)
	}
	return c.SignIn(username, Password)
}

// SignIn returns a session's token.
func (c *City) SignIn(username, password string) (string, error) {
	var out struct {
		Token string `json:"token"`
	}
	if err := c.Do("POST", "/api/v1/session", map[string]string{"username": username, "password": password}, &out); err != nil {
		return "", fmt.Errorf("sign in %s: %w", username, err)
	}
	return out.Token, nil
}
