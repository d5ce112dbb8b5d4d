package org

import "context"

// Renew is one look of Run.
func (s *Service) Renew(ctx context.Context) error { return s.renew(ctx) }
