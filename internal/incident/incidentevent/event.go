// Package incidentevent is what other domains may know of incidents and tasks.
// It holds no logic.
package incidentevent

import "time"

// Subjects begin the subjects of the facts: "ioc.incident.<step>.<id>" with an
// Incident, "ioc.task.<step>.<id>" with a Task.
const (
	SubjectIncident = "ioc.incident."
	SubjectTask     = "ioc.task."
)

// Incident is the state of an incident in a fact.
type Incident struct {
	ID       string    `json:"id"`
	Number   string    `json:"number"` // "SC-2026-0012"
	State    string    `json:"state"`  // proposed, open, resolved, closed, merged, dismissed
	Title    string    `json:"title"`
	Service  string    `json:"service"`
	Severity int       `json:"severity"`
	LeadUnit string    `json:"lead_unit,omitempty"`
	Alerts   []string  `json:"alerts"`            // ids, all that belong to it now
	Removed  []string  `json:"removed,omitempty"` // ids that this fact took out of it
	OpenedAt time.Time `json:"opened_at"`
}

// Task is the state of a task in a fact.
type Task struct {
	ID       string    `json:"id"`
	Number   string    `json:"number"`
	Incident string    `json:"incident,omitempty"`
	Kind     string    `json:"kind"` // "task" or "directive"
	State    string    `json:"state"`
	Title    string    `json:"title"`
	Unit     string    `json:"unit"`
	Due      time.Time `json:"due"`
}
