package notify

import (
	"crypto/x509"
	"net/http"
)

// SetHTTPClient lets a test trust its own server.
func (s *Service) SetHTTPClient(c *http.Client) { s.client = c }

// SetRoots lets a test trust its own mail server.
func (s *Service) SetRoots(p *x509.CertPool) { s.roots = p }

// Fill, EscapeFor and URLText are the parts of a gateway's text.
var (
	Fill      = fill
	EscapeFor = escapeFor
	URLText   = urlText
	Plain     = plain
	Sign      = sign
)
