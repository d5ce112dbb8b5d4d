-- the wards are in the city's own data
create table duty_unit (
	code       text not null,
	name       text not null,
	name_en    text not null,
	kind       text not null,
	parent     text not null,
	valid_from bigint not null,
	valid_to   bigint not null,
	successor  text not null,
	legal      text not null,
	primary key (code, valid_from)
);
create table duty_responsibility (
	id         text primary key,
	service    text not null, -- '' any
	area       text not null, -- '' the whole city, '*' each ward for itself, or a code
	unit       text not null, -- '' where area is '*'
	valid_from bigint not null,
	valid_to   bigint not null, -- 0 without end
	note       text not null,
	pos        integer not null
);
create table duty_shift (
	id       text primary key,
	start_at bigint not null,
	end_at   bigint not null,
	name_vi  text not null,
	name_en  text not null,
	pattern  text not null,
	demo     integer not null default 0,
	created  bigint not null
);
create index duty_shift_time on duty_shift (start_at, end_at);
create table duty_post (
	shift   text not null references duty_shift (id) on delete cascade,
	pos     integer not null,
	user_id text not null,
	name    text not null,
	post    text not null,
	primary key (shift, pos)
);
create table duty_substitution (
	id       text primary key,
	shift    text not null references duty_shift (id) on delete cascade,
	pos      integer not null,
	absent   text not null,
	user_id  text not null,
	name     text not null,
	reason   text not null,
	by_id    text not null,
	by_name  text not null,
	at       bigint not null
);
create index duty_substitution_shift on duty_substitution (shift, pos);
-- append-only: nothing updates or deletes here
create table duty_log (
	id           text primary key,
	year         integer not null,
	n            integer not null,
	time         bigint not null,
	source       text not null,
	content      text not null,
	action       text not null,
	result       text not null,
	officer      text not null,
	officer_name text not null,
	alert        text not null,
	incident     text not null,
	shift        text not null,
	corrects     text not null,
	fold         text not null,
	recorded     bigint not null,
	unique (year, n)
);
create index duty_log_time on duty_log (time, id);
create table duty_handover (
	id            text primary key,
	shift         text not null,
	to_shift      text not null,
	notes         text not null,
	open          text not null,
	by_id         text not null,
	by_name       text not null,
	at            bigint not null,
	accepted_at   bigint not null default 0,
	accepted_by   text not null default '',
	accepted_name text not null default '',
	comment       text not null default '',
	remind_at     bigint not null,
	reminded      integer not null default 0
);
create index duty_handover_waiting on duty_handover (accepted_at, remind_at);
create index duty_handover_shift on duty_handover (shift);
