create table incident (
	id        text primary key,
	number    text not null,
	version   integer not null,
	state     text not null,
	severity  integer not null,
	service   text not null,
	area      text not null,
	cell      text not null,
	lon       double precision,
	lat       double precision,
	alerts    integer not null,
	lead_unit text not null,
	opened_at bigint not null,
	last_at   bigint not null,
	cleared_at bigint not null,
	merged_into text not null,
	fold      text not null,
	doc       text not null
);
create index incident_near on incident (state, service, cell);
create index incident_area on incident (state, service, area);
create index incident_merged on incident (merged_into);
create index incident_lead on incident (lead_unit);
create table incident_unit (
	incident text not null,
	unit     text not null,
	primary key (incident, unit)
);
create table incident_alert (
	id         text primary key,
	incident   text not null,
	candidate  text not null,
	seen       integer not null,
	refused    integer not null,
	open       integer not null,
	suppressed integer not null,
	service    text not null,
	area       text not null,
	cell       text not null,
	raised_at  bigint not null,
	doc        text not null
);
create index incident_alert_incident on incident_alert (incident);
create index incident_alert_candidate on incident_alert (candidate);
create index incident_alert_cell on incident_alert (service, cell, raised_at);
create index incident_alert_area on incident_alert (service, area, raised_at);
create table incident_refusal (
	incident text not null,
	alert    text not null,
	primary key (incident, alert)
);
create table incident_task (
	id       text primary key,
	number   text not null,
	kind     text not null,
	version  integer not null,
	state    text not null,
	unit     text not null,
	incident text not null,
	giver    text not null,
	due      bigint not null,
	soon_at  bigint not null,
	timer_at bigint not null,
	stage    integer not null,
	given_at bigint not null,
	fold     text not null,
	doc      text not null
);
create index incident_task_unit on incident_task (unit, state);
create index incident_task_incident on incident_task (incident);
create index incident_task_timer on incident_task (timer_at);
create table incident_sop_step (
	incident text not null,
	n        integer not null,
	open     integer not null,
	due_at   bigint not null,
	told     integer not null,
	doc      text not null,
	primary key (incident, n)
);
create index incident_sop_step_due on incident_sop_step (open, told, due_at);
create table incident_entry (
	id       text primary key,
	incident text not null,
	task     text not null,
	at       bigint not null,
	seq      bigint not null,
	step     text not null,
	doc      text not null
);
create index incident_entry_incident on incident_entry (incident, at);
create index incident_entry_task on incident_entry (task, at);
create table incident_file (
	file     text not null,
	incident text not null,
	task     text not null,
	step     text not null,
	at       bigint not null,
	primary key (file, incident, task)
);
create index incident_file_incident on incident_file (incident);
create table incident_number (
	kind text not null,
	year integer not null,
	n    bigint not null,
	primary key (kind, year)
);
create table incident_sop (
	id      text not null,
	version integer not null,
	latest  integer not null,
	service text not null,
	by_id   text not null,
	at      bigint not null,
	doc     text not null,
	primary key (id, version)
);
