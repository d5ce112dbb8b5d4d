create table rule (
	id           text primary key,
	enabled      integer not null,
	live_version bigint not null,
	retired      integer not null,
	shipped      text not null,
	edited       integer not null,
	warmed       bigint not null,
	reason       text not null,
	created      bigint not null,
	changed      bigint not null
);
create table rule_version (
	rule          text not null,
	version       bigint not null,
	definition    text not null,
	state         text not null,
	author        text not null,
	author_name   text not null,
	reviewer      text not null,
	reviewer_name text not null,
	reason        text not null,
	created       bigint not null,
	changed       bigint not null,
	primary key (rule, version)
);
create table rule_state (
	rule     text not null,
	series   text not null,
	version  bigint not null,
	severity bigint not null,
	since    bigint not null,
	at       bigint not null,
	snapshot text not null,
	told     text not null,
	primary key (rule, series)
);
create table rule_cursor (
	name text primary key,
	at   bigint not null
);
