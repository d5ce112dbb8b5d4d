create table notify_channel (
	id              text primary key,
	name            text not null,
	kind            text not null,
	enabled         integer not null,
	min_severity    integer not null,
	topics          text not null,
	units           text not null,
	config          text not null,
	rate_per_minute integer not null,
	digest_minutes  integer not null,
	last_ok         bigint not null default 0,
	last_error      text not null default '',
	last_error_at   bigint not null default 0,
	created         bigint not null,
	changed         bigint not null
);
create table notify_contact (
	user_id  text primary key,
	email    text not null,
	phone    text not null,
	lang     text not null,
	channels text not null,
	quiet    text not null,
	changed  bigint not null
);
create table notify_message (
	id       text primary key,
	key      text not null unique,
	topic    text not null,
	severity integer not null,
	service  text not null,
	unit     text not null,
	title_vi text not null,
	title_en text not null,
	text_vi  text not null,
	text_en  text not null,
	link     text not null,
	alert    text not null,
	incident text not null,
	task     text not null,
	data     text not null,
	at       bigint not null
);
create index notify_message_alert on notify_message (alert, id);
create index notify_message_incident on notify_message (incident, id);
-- one row per message, channel and person; for channels that speak to nobody
-- in particular one per message and channel, user_id and address empty
create table notify_delivery (
	id         text primary key,
	message    text not null references notify_message (id),
	channel    text not null,
	kind       text not null,
	user_id    text not null,
	name       text not null,
	address    text not null,
	lang       text not null,
	state      text not null,
	attempts   integer not null default 0,
	next_at    bigint not null,
	give_up_at bigint not null,
	lease      bigint not null default 0,
	held       integer not null default 0, -- by the channel's rate: may be folded
	digest     text not null default '',   -- the delivery that says it together with others
	last_error text not null default '',
	sent_at    bigint not null default 0,
	at         bigint not null
);
create index notify_delivery_due on notify_delivery (state, channel, next_at);
create index notify_delivery_message on notify_delivery (message);
create index notify_delivery_channel on notify_delivery (channel, state);
create index notify_delivery_digest on notify_delivery (digest);
create table notify_inbox (
	id      text primary key,
	user_id text not null,
	message text not null references notify_message (id),
	at      bigint not null,
	read_at bigint not null default 0
);
create index notify_inbox_user on notify_inbox (user_id, read_at, id);
create table notify_push (
	id       text primary key,
	user_id  text not null,
	endpoint text not null unique,
	p256dh   text not null,
	auth     text not null,
	created  bigint not null
);
create index notify_push_user on notify_push (user_id);
create table notify_key (
	id          integer primary key,
	private_key text not null,
	public_key  text not null
);
