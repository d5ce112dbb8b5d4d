create table attachment (
	id      text primary key,
	name    text not null,
	type    text not null,
	size    bigint not null,
	sha256  text not null,
	width   integer not null,
	height  integer not null,
	lon     double precision,
	lat     double precision,
	by_id   text not null,
	by_name text not null,
	unit    text not null,
	at      bigint not null,
	used    integer not null
);
create index attachment_waiting on attachment (used, at);
