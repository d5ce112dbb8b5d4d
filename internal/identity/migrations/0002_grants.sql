-- A grant: a role with where, for what, until when and why. Rows are never
-- deleted and never changed but once, when they are revoked. until_at 0 is
-- until revoked; unit '' is the whole city; areas and services are JSON lists,
-- empty is any. delegated_of is the grant that delegated_by lent (ủy quyền).
create table user_grant (
	id            text primary key,
	user_id       text not null references user_account (id),
	role          text not null,
	unit          text not null,
	areas         text not null,
	services      text not null,
	ceiling       integer not null,
	from_at       bigint not null,
	until_at      bigint not null,
	reason        text not null,
	delegated_by  text not null,
	delegated_of  text not null,
	given_by      text not null,
	given_name    text not null,
	given_at      bigint not null,
	revoked_at    bigint not null,
	revoked_by    text not null,
	revoked_name  text not null,
	revoke_reason text not null
);
create index user_grant_user on user_grant (user_id);
create index user_grant_unit on user_grant (unit);
create index user_grant_of on user_grant (delegated_of);

-- What the accounts of before could do they can do as before: a role of the
-- whole city reached all of it, whatever the unit of the account said.
insert into user_grant
select id, id, role,
	case when role in ('admin', 'leader', 'ioc_leader', 'duty', 'analyst', 'security', 'data_admin', 'citizen') then '' else unit end,
	'[]', '[]', case when role = 'citizen' then 0 when role in ('analyst', 'security', 'data_admin') then 1 else 2 end,
	created, 0, 'chuyển đổi từ tài khoản cũ', '', '', '', '', created, 0, '', '', ''
from user_account;

-- role and unit of an account stay: the main post, for those who read them,
-- and the office where somebody of the whole city sits.
alter table user_account add column title text not null default '';
alter table user_account add column email text not null default '';
alter table user_account add column phone text not null default '';
alter table user_account add column invited integer not null default 0;
alter table user_account add column away_from bigint not null default 0;
alter table user_account add column away_until bigint not null default 0;
alter table user_account add column away_substitute text not null default '';
alter table user_account add column search text not null default '';

-- A link that lets somebody set the first password, once; token is its
-- SHA-256.
create table user_invitation (
	token   text primary key,
	user_id text not null references user_account (id),
	expires bigint not null
);
create index user_invitation_user on user_invitation (user_id);

-- "Xem như": whom or what unit a session looks at the city as.
alter table user_session add column view_user text not null default '';
alter table user_session add column view_unit text not null default '';
alter table user_session add column view_role text not null default '';
alter table user_session add column view_reason text not null default '';
alter table user_session add column view_since bigint not null default 0;
