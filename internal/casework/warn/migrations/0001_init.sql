create table case_watch (
	case_id   text primary key,
	next_at   bigint not null, -- when to look again; 0: only when the file changes
	due       bigint not null, -- the date the row speaks of
	version   integer not null, -- its number, in fingerprints
	round     integer not null, -- how often a pause has ended a warning of this date
	active    integer not null, -- bits of the conditions that hold
	level     integer not null, -- how far it has climbed
	remind_at bigint not null,
	told_at   bigint not null  -- of the last fact; the next one is later, whatever the clock says
);
create index case_watch_next on case_watch (next_at) where next_at <> 0;

-- what was warned of, for good
create table case_warning (
	case_id      text not null,
	rule         text not null,
	version      integer not null,
	round        integer not null,
	code         text not null,
	unit         text not null,
	unit_name    text not null,
	officer      text not null, -- the system's word
	officer_name text not null,
	officer_user text not null,
	due          bigint not null,
	warned_at    bigint not null,
	over_at      bigint not null, -- 0 while it holds
	why          text not null,   -- why it is over
	told         text not null,   -- JSON: names of whom it was told
	synthetic    integer not null,
	primary key (case_id, rule, version, round)
);
create index case_warning_open on case_warning (unit, due) where over_at = 0;
create index case_warning_by_unit on case_warning (unit, warned_at);
create index case_warning_by_time on case_warning (warned_at);

create table case_digest (
	id        text primary key,
	slot      bigint not null,
	unit      text not null, -- '': of the units that have nobody
	officer   text not null, -- id of the account, '' of a unit
	unit_name text not null,
	at        bigint not null,
	near_due  integer not null,
	overdue   integer not null,
	people    text not null, -- JSON: names
	body      text not null
);
create unique index case_digest_once on case_digest (slot, unit, officer);

create table case_warn_settings (
	valid_from text primary key, -- 2026-04-27, local
	body       text not null,
	source     text not null,
	by_id      text not null,
	by_name    text not null,
	changed    bigint not null
);

create table case_warn_state (
	name  text primary key, -- stamp, walk, digested
	value text not null
);
