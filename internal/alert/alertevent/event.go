// Package alertevent is what other domains may know of alerts: the severity
// ladder, the condition that raises one, and the fact that tells what became
// of it. It holds no logic.
package alertevent

import (
	"encoding/json"
	"time"

	"openioc.org/ioc/internal/msg"
)

// Severity is the ladder of the city: 1 thông tin, 2 chú ý (yellow), 3 cảnh
// báo (orange), 4 khẩn cấp (red); 0 is none.
type Severity int

// The severities.
const (
	None Severity = iota
	Info
	Notice
	Warning
	Emergency
)

var titles = [...]msg.Text{
	{Vi: "Bình thường", En: "Normal"}, {Vi: "Thông tin", En: "Information"}, {Vi: "Chú ý", En: "Notice"},
	{Vi: "Cảnh báo", En: "Warning"}, {Vi: "Khẩn cấp", En: "Emergency"},
}

// Title is the severity's name.
func (s Severity) Title() msg.Text {
	if s < None || s > Emergency {
		return msg.Text{}
	}
	return titles[s]
}

// Valid reports whether s is a severity an alert may have.
func (s Severity) Valid() bool { return s >= Info && s <= Emergency }

// Kinds of origin of an alert.
const (
	KindRule    = "rule"
	KindManual  = "manual"
	KindCamera  = "camera"
	KindCitizen = "citizen"
	KindCAP     = "cap"
	KindCase    = "case"
)

// SubjectCondition begins the subjects of the facts whose After is a
// Condition: "ioc.rule.condition.<rule>".
const SubjectCondition = "ioc.rule.condition."

// SubjectCaseCondition begins those of conditions of administrative cases:
// "ioc.case.condition.<rule>".
const SubjectCaseCondition = "ioc.case.condition."

// Condition is an abnormal state as the one who found it tells it: when it
// begins, each time its severity changes, and when it is over (Severity 0).
type Condition struct {
	// Fingerprint is the identity of the condition for as long as it lasts and
	// when it comes again: rule and subject, not severity and not time.
	Fingerprint string            `json:"fingerprint"`
	Kind        string            `json:"kind"`
	Service     string            `json:"service"` // "flood"
	Rule        string            `json:"rule,omitempty"`
	RuleVersion int               `json:"rule_version,omitempty"`
	RuleName    msg.Text          `json:"rule_name"`
	Title       msg.Text          `json:"title"`
	Text        msg.Text          `json:"text"`
	Severity    Severity          `json:"severity"`
	Since       time.Time         `json:"since"` // when the condition began, event time
	At          time.Time         `json:"at"`    // of this change, event time; never goes back for a fingerprint
	Labels      map[string]string `json:"labels,omitempty"`
	Thing       string            `json:"thing,omitempty"`
	Datastream  string            `json:"datastream,omitempty"`
	Place       string            `json:"place,omitempty"`
	Lon         *float64          `json:"lon,omitempty"`
	Lat         *float64          `json:"lat,omitempty"`
	Area        string            `json:"area,omitempty"` // code of the administrative unit it lies in
	Unit        string            `json:"unit,omitempty"` // unit addressed by the rule; empty: found by service and area
	Value       *float64          `json:"value,omitempty"`
	UnitSymbol  string            `json:"unit_symbol,omitempty"` // UCUM
	Estimated   bool              `json:"estimated,omitempty"`   // rests on reconstructed or simulated observations
	SOP         string            `json:"sop,omitempty"`
	Runbook     string            `json:"runbook,omitempty"`
	Evidence    json.RawMessage   `json:"evidence,omitempty"` // the trace of the evaluation
	// Direct goes straight to Unit, which is told by who found it: the shift is
	// not asked, no incident is proposed, and the alert closes by itself when
	// the condition is over. Of such there may be thousands (cases that fall due).
	Direct bool `json:"direct,omitempty"`
}

// Subject begins the subjects of the facts of an alert's life:
// "ioc.alert.<step>.<id>", After is an Alert.
const Subject = "ioc.alert."

// Alert is the state of an alert in a fact.
type Alert struct {
	ID         string            `json:"id"`
	Number     string            `json:"number"` // "CB-2026-000123"
	State      string            `json:"state"`  // new, acknowledged, verified, dispatched, accepted, in_progress, done, checked, closed
	Active     bool              `json:"active"` // the condition still holds
	Severity   Severity          `json:"severity"`
	Service    string            `json:"service"`
	Kind       string            `json:"kind"`
	Rule       string            `json:"rule,omitempty"`
	Title      msg.Text          `json:"title"`
	Text       msg.Text          `json:"text"`
	Place      string            `json:"place,omitempty"`
	Lon        *float64          `json:"lon,omitempty"`
	Lat        *float64          `json:"lat,omitempty"`
	Area       string            `json:"area,omitempty"`
	Unit       string            `json:"unit,omitempty"`
	Thing      string            `json:"thing,omitempty"`
	Verdict    string            `json:"verdict,omitempty"` // "", true, false, duplicate
	Incident   string            `json:"incident,omitempty"`
	SOP        string            `json:"sop,omitempty"`
	Suppressed bool              `json:"suppressed,omitempty"` // silenced, inhibited or in maintenance
	Estimated  bool              `json:"estimated,omitempty"`
	Direct     bool              `json:"direct,omitempty"` // went straight to the unit
	Since      time.Time         `json:"since"`
	RaisedAt   time.Time         `json:"raised_at"`
	Labels     map[string]string `json:"labels,omitempty"`
}
