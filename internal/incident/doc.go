// Package incident is the room in which alerts become work: several alerts
// folded into one incident that a person confirms, a lead unit and helpers,
// tasks with deadlines, an operating procedure (SOP) as a checklist with
// times, a thread of messages, photos, and an append-only timeline of it all –
// until it is closed with proof. A leader's directive (chỉ đạo) is a task that
// needs no incident.
//
// The life of an incident and of a task are pure functions (Incident.apply,
// Task.apply); everything else only keeps what they say. Each step names the
// version its actor saw, so that of two who close at once one hears what the
// other did. What comes by itself – a deadline near or missed, a step of an
// SOP that is late, a unit dissolved while it holds a task – is found by
// Sweep in the records, so that no restart loses it, and said under keys made
// from the row, so that nothing is said twice.
//
// The package keeps its own rows of the alerts it was told about
// (incident_alert, from the facts under ioc.alert.) and never reads the tables
// of another domain. A proposal costs a look into nine cells of a grid of
// about 3 km, so that a storm of alerts stays cheap.
//
// Tables: incident, incident_*. Facts: ioc.incident.<step>.<id> and
// ioc.task.<step>.<id> (package incidentevent).
package incident
