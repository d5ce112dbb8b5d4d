create table case_system (
	id text primary key,
	name text not null,
	kind text not null,
	config text not null,      -- JSON, secrets included
	mapping text not null,     -- JSON
	enabled integer not null,
	every_us bigint not null,
	synthetic integer not null,
	token_hash text not null,  -- SHA-256, hex; '' for kinds without token
	token_hint text not null,
	mark text not null,        -- JSON, how far it has been read
	shown text not null,       -- the mark for people
	newest bigint not null,    -- instant of the newest row that was read
	behind integer not null,   -- more rows waited when the last round ended
	state text not null,       -- ok, error, never
	error text not null,       -- JSON {code, vi, en}; '' none
	last_run bigint not null,
	last_ok bigint not null,
	events bigint not null,
	cases bigint not null,
	created bigint not null,
	changed bigint not null
);
create table case_rejected (
	id text primary key,       -- of system and row, so that a row is kept once
	system text not null,
	at bigint not null,
	place text not null,       -- line, key or index, for people
	code text not null,
	vi text not null,
	en text not null,
	raw text not null,         -- JSON of the row as it came; shown masked only
	taken integer not null     -- 1: the event was taken all the same, without the broken cells
);
create index case_rejected_system on case_rejected (system, at);
