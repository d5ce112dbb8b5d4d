create table alert (
	id           text primary key,
	number       text not null unique,
	fingerprint  text not null,
	version      integer not null,
	state        text not null,
	open         integer not null,
	active       integer not null,
	severity     integer not null,
	service      text not null,
	kind         text not null,
	rule         text not null,
	area         text not null,
	unit         text not null,
	thing        text not null,
	incident     text not null,
	group_id     text not null,
	suppressed   text not null, -- kind of what keeps it quiet, '' nothing
	suppressor   text not null, -- id of that
	verdict      text not null,
	late         integer not null,
	since        bigint not null,
	raised_at    bigint not null,
	acknowledged bigint not null, -- 0 not yet
	closed_at    bigint not null, -- 0 open
	due_at       bigint not null, -- next escalation, 0 none
	announced    integer not null, -- number among its group's news of its last, 0 never
	touched      integer not null, -- version of the last change that a person has to see
	touched_by   text not null,
	touched_step text not null,
	touched_at   bigint not null,
	fold         text not null,
	doc          text not null
);
create unique index alert_one_open on alert (fingerprint) where open = 1;
create index alert_fingerprint on alert (fingerprint);
create index alert_by_severity on alert (open, severity, raised_at, id, state, suppressed, late);
create index alert_by_time on alert (raised_at, id);
create index alert_by_rule on alert (rule, raised_at);
create index alert_by_group on alert (group_id, announced);
create index alert_by_unit on alert (unit, open, raised_at);
create index alert_by_area on alert (area, open, raised_at);
create index alert_by_incident on alert (incident) where incident <> '';
create index alert_by_suppressor on alert (suppressor) where suppressor <> '';
create index alert_by_acknowledged on alert (acknowledged) where acknowledged > 0;
create index alert_due on alert (due_at) where due_at > 0;

-- What happened to it, one row for each version.
create table alert_step (
	alert       text not null references alert (id),
	n           integer not null,
	at          bigint not null,
	actor       text not null,
	actor_name  text not null,
	actor_unit  text not null,
	step        text not null,
	from_state  text not null,
	to_state    text not null,
	comment     text not null,
	attachments text not null, -- JSON: ids
	data        text not null, -- JSON
	primary key (alert, n)
);

create table alert_file (
	file  text not null,
	alert text not null references alert (id),
	primary key (file, alert)
);

create table alert_evidence (
	alert     text not null references alert (id),
	n         integer not null,
	frozen_at bigint not null,
	hash      text not null,
	body      text not null, -- canonical JSON
	primary key (alert, n)
);

-- The memory of a condition: outlives its alerts.
create table alert_condition (
	fingerprint text primary key,
	alert       text not null, -- its newest alert
	last_at     bigint not null,
	active      integer not null,
	severity    integer not null, -- as last told
	activations text not null, -- JSON: instants in the window of flap damping
	held        integer not null, -- changes kept back while flapping
	flap_due    bigint not null  -- flapping until then, 0 not flapping
);
create index alert_condition_flap on alert_condition (flap_due) where flap_due > 0;

create table alert_counter (
	year integer primary key,
	n    bigint not null
);

create table alert_group (
	id          text primary key,
	key         text not null,
	live        integer not null, -- takes new members
	size        integer not null,
	opened      integer not null, -- members that are open
	announced   integer not null, -- news so far
	told        integer not null, -- of which people were told
	severity    integer not null,
	notified_at bigint not null,
	notified_n  integer not null,
	notify_due  bigint not null,
	created_at  bigint not null
);
create unique index alert_group_live on alert_group (key) where live = 1;
create index alert_group_size on alert_group (id, size) where opened > 0 and size > 1;
create index alert_group_due on alert_group (notify_due) where notify_due > 0;

-- Notifications made, for the ceiling of a storm.
create table alert_told (
	key  text primary key,
	kind text not null, -- group, digest
	at   bigint not null
);
create index alert_told_at on alert_told (kind, at);

-- Which alerts take part in an inhibition, and under which values of the
-- labels that must be equal.
create table alert_inhibition (
	inhibition text not null,
	role       text not null, -- source, target
	key        text not null,
	alert      text not null,
	primary key (inhibition, role, key, alert)
);
create index alert_inhibition_alert on alert_inhibition (alert);

create table alert_silence (
	id       text primary key,
	kind     text not null,
	matchers text not null,
	from_at  bigint not null,
	to_at    bigint not null,
	reason   text not null,
	by_id    text not null,
	by_name  text not null,
	made_at  bigint not null,
	due_at   bigint not null -- next beginning or end to act on, 0 over
);
create index alert_silence_due on alert_silence (due_at) where due_at > 0;

-- Settings, inhibition rules: one JSON document each.
create table alert_setting (
	key   text primary key,
	value text not null
);
