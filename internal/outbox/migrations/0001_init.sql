-- The next number to give; one row.
create table outbox_head (
	last bigint not null
);
insert into outbox_head (last) values (0);

-- What the bus does not have yet.
create table outbox (
	seq     bigint primary key,
	id      text not null,
	subject text not null,
	data    text not null,
	at      bigint not null
);
