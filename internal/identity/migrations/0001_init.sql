create table user_account (
	id           text primary key,
	username     text not null unique,
	name         text not null,
	role         text not null,
	unit         text not null,
	password     text not null,
	password_at  bigint not null,
	must_change  integer not null,
	disabled     integer not null,
	created      bigint not null,
	changed      bigint not null,
	last_sign_in bigint not null
);

-- The passwords that may not come back, the present one among them.
create table user_password (
	user_id text not null references user_account (id),
	at      bigint not null,
	hash    text not null,
	primary key (user_id, at)
);

-- id is the SHA-256 of the token: whoever reads this table cannot sign in.
create table user_session (
	id      text primary key,
	user_id text not null references user_account (id),
	created bigint not null,
	seen    bigint not null,
	address text not null,
	agent   text not null
);
create index user_session_user on user_session (user_id);

-- Failed attempts, by the SHA-256 of the name tried: people type passwords
-- into the field for the name.
create table user_guard (
	name_hash    text primary key,
	failures     bigint not null,
	since        bigint not null,
	locked_until bigint not null
);
