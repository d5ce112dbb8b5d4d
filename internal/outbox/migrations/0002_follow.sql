create table follow_cursor (
  reader text primary key,
  seq    bigint not null,
  at     bigint not null
);

create table follow_seen (
  reader text not null,
  fact   text not null,
  at     bigint not null,
  primary key (reader, fact)
);

create table follow_poison (
  reader  text not null,
  fact    text not null,
  subject text not null,
  data    text not null,
  error   text not null,
  at      bigint not null,
  primary key (reader, fact)
);
