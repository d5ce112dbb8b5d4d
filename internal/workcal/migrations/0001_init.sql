-- the city's rows; what ships and the law lie below them in the program
create table workcal_day (
	date    text primary key, -- 2026-04-27, local
	kind    text not null,
	name_vi text not null,
	name_en text not null,
	status  text not null,
	source  text not null,
	by_id   text not null,
	by_name text not null,
	changed bigint not null
);
create table workcal_hours (
	valid_from text primary key, -- 2026-04-27, local
	periods    text not null,    -- [["07:30","11:30"],["13:00","17:00"]]
	as_given   integer not null,
	source     text not null,
	by_id      text not null,
	by_name    text not null,
	changed    bigint not null
);
