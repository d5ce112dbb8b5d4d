package alert

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"openioc.org/ioc/internal/alert/alertevent"
	"openioc.org/ioc/internal/store"
)

// Evidence is what an alert rested on when it was raised, frozen: nothing in
// the program changes it, and whoever changes it otherwise breaks its hash,
// which the audit trail holds too.
type Evidence struct {
	Hash        string          `json:"hash" doc:"SHA-256 of the canonical JSON"`
	Intact      bool            `json:"intact" doc:"the hash still fits"`
	FrozenAt    time.Time       `json:"frozen_at"`
	Severity    int             `json:"severity"`
	Rule        string          `json:"rule"`
	RuleVersion int             `json:"rule_version"`
	Trace       json.RawMessage `json:"trace"`
	Position    json.RawMessage `json:"position"`
	Readiness   json.RawMessage `json:"readiness"`
}

// frozen is the body of the evidence; its canonical JSON is hashed.
type frozen struct {
	Alert       string          `json:"alert"`
	FrozenAt    time.Time       `json:"frozen_at"`
	Severity    int             `json:"severity"`
	Rule        string          `json:"rule"`
	RuleVersion int             `json:"rule_version"`
	Value       *float64        `json:"value"`
	Trace       json.RawMessage `json:"trace"`
	Position    any             `json:"position"`
	Readiness   any             `json:"readiness"`
}

type position struct {
	Lon      *float64 `json:"lon"`
	Lat      *float64 `json:"lat"`
	Place    string   `json:"place"`
	Area     string   `json:"area"`
	AreaName string   `json:"area_name"`
	Thing    string   `json:"thing"`
}

// canonical writes a value as JSON with sorted keys, no white space and
// numbers as they came, so that equal content has one hash.
func canonical(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return "", err
	}
	out, err := json.Marshal(tree)
	return string(out), err
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// freeze keeps the evidence of a condition and returns its hash. An alert
// without any (raised by hand) has none.
func (s *Service) freeze(tx *store.Tx, a *Alert, c *alertevent.Condition) (string, error) {
	f := frozen{Alert: a.ID, FrozenAt: tx.Now, Severity: int(c.Severity), Rule: c.Rule, RuleVersion: c.RuleVersion, Value: c.Value, Trace: c.Evidence,
		Position: position{Lon: c.Lon, Lat: c.Lat, Place: c.Place, Area: a.Area, AreaName: a.AreaName, Thing: c.Thing}}
	if len(f.Trace) == 0 || !json.Valid(f.Trace) {
		f.Trace = json.RawMessage("null")
	}
	if source := c.Labels["source"]; source != "" && s.opt.Readiness != nil {
		f.Readiness = s.opt.Readiness(source)
	}
	body, err := canonical(f)
	if err != nil {
		return "", fmt.Errorf("freeze the evidence of %s: %w", a.Number, err)
	}
	hash := hashOf(body)
	_, err = tx.Exec("insert into alert_evidence (alert, n, frozen_at, hash, body) values ($1, $2, $3, $4, $5)", a.ID, a.Version, tx.Now, hash, body)
	return hash, err
}

// readEvidence returns what an alert rested on, newest first.
func readEvidence(tx *store.Tx, id string) ([]Evidence, error) {
	return store.All(tx, func(scan store.Scan) (Evidence, error) {
		var hash, body string
		if err := scan(&hash, &body); err != nil {
			return Evidence{}, err
		}
		e := Evidence{}
		// What somebody damaged is still shown as far as it can be read.
		_ = json.Unmarshal([]byte(body), &e)
		e.Hash, e.Intact = hash, hashOf(body) == hash
		for _, part := range []*json.RawMessage{&e.Trace, &e.Position, &e.Readiness} {
			if len(*part) == 0 {
				*part = json.RawMessage("null")
			}
		}
		return e, nil
	}, "select hash, body from alert_evidence where alert = $1 order by n desc", id)
}
