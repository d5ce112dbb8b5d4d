create table thing (
	id          text primary key,
	name        text not null,
	name_search text not null,
	name_sort   text not null,
	description text not null,
	properties  text not null
);

create table location (
	id            text primary key,
	name          text not null,
	name_search   text not null,
	name_sort     text not null,
	description   text not null,
	encoding_type text not null,
	geometry      text not null,
	lon           double precision,
	lat           double precision,
	properties    text not null
);

create table thing_location (
	thing_id    text not null references thing (id) on delete cascade,
	location_id text not null references location (id) on delete cascade,
	position    integer not null,
	primary key (thing_id, location_id)
);
create index thing_location_location on thing_location (location_id);

create table historical_location (
	id       text primary key,
	time     bigint not null,
	thing_id text not null references thing (id) on delete cascade
);
create index historical_location_thing on historical_location (thing_id, time);

create table historical_location_location (
	historical_id text not null references historical_location (id) on delete cascade,
	location_id   text not null references location (id) on delete cascade,
	primary key (historical_id, location_id)
);
create index historical_location_location_location on historical_location_location (location_id);

create table sensor (
	id            text primary key,
	name          text not null,
	name_search   text not null,
	name_sort     text not null,
	description   text not null,
	encoding_type text not null,
	metadata      text not null,
	properties    text not null
);

create table observed_property (
	id          text primary key,
	name        text not null,
	name_search text not null,
	name_sort   text not null,
	definition  text not null,
	description text not null,
	properties  text not null
);

create table datastream (
	id                   text primary key,
	name                 text not null,
	name_search          text not null,
	name_sort            text not null,
	description          text not null,
	observation_type     text not null,
	unit_name            text not null,
	unit_symbol          text not null,
	unit_definition      text not null,
	thing_id             text not null references thing (id) on delete cascade,
	sensor_id            text not null references sensor (id) on delete cascade,
	observed_property_id text not null references observed_property (id) on delete cascade,
	source_id            text not null,
	source_key           text not null,
	resolution           double precision not null,
	rhythm               bigint not null,
	properties           text not null
);
create index datastream_thing on datastream (thing_id);
create index datastream_sensor on datastream (sensor_id);
create index datastream_observed_property on datastream (observed_property_id);
create unique index datastream_source_key on datastream (source_id, source_key) where source_key <> '';

create table feature_of_interest (
	id            text primary key,
	name          text not null,
	name_search   text not null,
	name_sort     text not null,
	description   text not null,
	encoding_type text not null,
	feature       text not null,
	properties    text not null
);

create table correction (
	id            text primary key,
	datastream_id text not null references datastream (id) on delete cascade,
	from_time     bigint not null,
	to_time       bigint not null,
	exclude       integer not null,
	value         double precision,
	reason        text not null,
	actor_id      text not null,
	actor_name    text not null,
	made          bigint not null,
	sequence      bigint not null,
	unique (datastream_id, sequence)
);

create table observation_text (
	datastream_id text not null references datastream (id) on delete cascade,
	time          bigint not null,
	result        text not null,
	flags         bigint not null,
	received      bigint not null,
	primary key (datastream_id, time)
);

create table observation_feature (
	datastream_id text not null references datastream (id) on delete cascade,
	time          bigint not null,
	feature_id    text not null references feature_of_interest (id) on delete cascade,
	primary key (datastream_id, time)
);
create index observation_feature_feature on observation_feature (feature_id, time);

create table datastream_gone (
	id text primary key
);
