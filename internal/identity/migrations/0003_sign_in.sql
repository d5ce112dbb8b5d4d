-- How somebody signed in, and whether a second factor was shown.
alter table user_session add column method text not null default 'password';
alter table user_session add column second integer not null default 0;

-- secret is sealed with a key that is not in the database. A code of a step
-- up to last_step was used.
create table user_totp (
	user_id   text primary key references user_account (id),
	secret    text not null,
	confirmed integer not null,
	created   bigint not null,
	last_step bigint not null
);

create table user_recovery (
	user_id text not null references user_account (id),
	hash    text not null,
	primary key (user_id, hash)
);

-- id is the credential's, base64url; rp the host it belongs to.
create table user_passkey (
	id         text primary key,
	user_id    text not null references user_account (id),
	rp         text not null,
	name       text not null,
	credential text not null,
	created    bigint not null,
	last_used  bigint not null
);
create index user_passkey_user on user_passkey (user_id);

-- What is between two steps of signing in. id is the SHA-256 of the ticket,
-- browser that of the cookie it is bound to; data is sealed.
create table user_ticket (
	id      text primary key,
	kind    text not null,
	user_id text not null,
	browser text not null,
	data    text not null,
	created bigint not null,
	expires bigint not null
);
create index user_ticket_expires on user_ticket (expires);

-- Who somebody is at a provider of single sign-on.
create table user_link (
	issuer  text not null,
	subject text not null,
	user_id text not null references user_account (id),
	created bigint not null,
	primary key (issuer, subject)
);
create index user_link_user on user_link (user_id);

-- Tokens of other systems; permissions and services are JSON lists.
create table user_token (
	id          text primary key,
	hash        text not null unique,
	hint        text not null,
	name        text not null,
	owner       text not null references user_account (id),
	permissions text not null,
	unit        text not null,
	services    text not null,
	reason      text not null,
	created     bigint not null,
	expires     bigint not null,
	last_used   bigint not null,
	revoked_at  bigint not null,
	revoked_by  text not null
);
create index user_token_owner on user_token (owner);

-- The policy that applies from a day on (yyyy-mm-dd, local).
create table user_policy (
	from_day text primary key,
	rules    text not null,
	source   text not null,
	by_id    text not null,
	at       bigint not null
);
