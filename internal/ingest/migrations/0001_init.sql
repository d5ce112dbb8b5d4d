create table ingest_account (
	source    text primary key,
	received  bigint not null,
	stored    bigint not null,
	duplicate bigint not null,
	in_flight bigint not null
);
create table ingest_outcome (
	source  text not null,
	outcome text not null,
	code    text not null,
	n       bigint not null,
	primary key (source, outcome, code)
);
create table ingest_day (
	source      text not null,
	day         text not null,
	received    bigint not null,
	stored      bigint not null,
	duplicate   bigint not null,
	rejected    bigint not null,
	quarantined bigint not null,
	primary key (source, day)
);
create table ingest_cursor (
	id        bigint primary key,
	stored    bigint not null,
	stored_at bigint not null,
	published bigint not null
);
create table ingest_letter (
	id          text primary key,
	source      text not null,
	kind        text not null,
	code        text not null,
	detail_vi   text not null,
	detail_en   text not null,
	datastream  text not null,
	raw         text not null,
	reading     text not null,
	first_at    bigint not null,
	last_at     bigint not null,
	repeats     bigint not null,
	state       text not null,
	closed_by   text not null,
	closed_at   bigint not null
);
create index ingest_letter_source on ingest_letter (source, id);
create index ingest_letter_state on ingest_letter (state, id);
create table ingest_rule (
	property text not null,
	from_day text not null,
	body     text not null,
	changed  bigint not null,
	primary key (property, from_day)
);
