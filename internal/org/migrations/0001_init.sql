-- lives of units that the city added or changed; those of one code stand in
-- place of all lives that are shipped for it
create table org_unit (
	code       text not null,
	name       text not null,
	name_en    text not null,
	kind       text not null,
	parent     text not null,
	valid_from bigint not null, -- 0: before the records
	valid_to   bigint not null, -- the first instant no longer; 0 while in force
	successors text not null,   -- JSON list of codes
	legal      text not null,
	changed    bigint not null,
	primary key (code, valid_from)
);
