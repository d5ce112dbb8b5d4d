-- The keys by which a person is found – number of papers, phone, e-mail – as
-- keyed hashes: the table tells nothing without the key.
create table case_subject (
	case_n integer not null references case_file (n),
	hash   text not null,
	primary key (case_n, hash)
);
create index case_subject_hash on case_subject (hash, case_n);

-- How far the hashes have been filled, with which key, and the latest instant
-- that a sweep has seen. One row.
create table case_subject_state (
	id   integer not null primary key,
	mark text not null, -- of the key; empty: there was none
	upto bigint not null, -- files up to here have their hashes
	done integer not null,
	seen bigint not null
);

-- Files whose applicant was erased. A source may tell of them again: the
-- hashes, of value and file, say what must not come back.
create table case_erased (
	case_n integer not null references case_file (n),
	hash   text not null, -- empty: nothing personal comes back
	mark   text not null, -- of the key
	at     bigint not null,
	primary key (case_n, hash)
);

-- How long personal data is kept, from a day on.
create table case_retention (
	kind    text not null,
	from_at bigint not null,
	months  integer not null,
	legal   text not null,
	status  text not null,
	set_by  text not null,
	set_at  bigint not null,
	primary key (kind, from_at)
);

-- Ended files that still name their applicant, for the sweep.
create index case_file_personal on case_file (ended_at, n) where ended_at <> 0 and applicant <> '';
