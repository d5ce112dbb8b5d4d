create table audit_entry (
	seq        bigint primary key,
	id         text not null unique,
	at         bigint not null,
	actor      text not null,
	actor_name text not null,
	actor_unit text not null,
	subject    text not null,
	entity     text not null,
	entity_id  text not null,
	summary    text not null,
	before     text not null,
	after      text not null,
	previous   text not null,
	hash       text not null
);
create index audit_entry_actor on audit_entry (actor, seq);
create index audit_entry_entity on audit_entry (entity, entity_id, seq);
create index audit_entry_at on audit_entry (at);
