create table source (
	id         text primary key,
	name       text not null,
	kind       text not null,
	config     text not null,
	mapping    text not null,
	enabled    integer not null,
	unit       text not null,
	provenance text not null,
	shift_us   bigint not null,
	rhythm_us  bigint not null,
	token_hash text not null,
	token_hint text not null,
	created    bigint not null,
	changed    bigint not null
);
create table source_device (
	username  text primary key,
	source    text not null,
	hash      text not null,
	publish   text not null,
	subscribe text not null,
	created   bigint not null
);
create index source_device_source on source_device (source);
