create table case_system_name (
	id        text not null primary key,
	name      text not null,
	synthetic integer not null
);

create table case_procedure (
	code       text not null primary key,
	name       text not null,
	field      text not null,
	field_name text not null,
	clock      text not null,
	days       integer,
	hours      double precision,
	method     text not null,
	source     text not null,
	retired_at bigint not null,
	listed     integer not null -- 0: only named by a file, nobody has put it into the list
);

-- What the words of the systems mean; meaning is empty until somebody says.
create table case_word (
	system     text not null,
	kind       text not null,
	word       text not null,
	name       text not null, -- as the system names it
	meaning    text not null,
	refold     integer not null, -- files that hold it are still to be folded again
	first_at   bigint not null,
	changed_at bigint not null,
	primary key (system, kind, word)
);

-- One file, folded from its events. n is its id; change numbers the changes of
-- all files, so that another program sees what is new.
create table case_file (
	n              integer not null primary key,
	code           text not null,
	system         text not null,
	tail           text not null, -- the code behind the agency
	procedure_raw  text not null,
	procedure      text not null,
	procedure_name text not null,
	field          text not null,
	field_name     text not null,
	channel        text not null,
	unit           text not null, -- who answers for it now
	unit_origin    text not null,
	unit_raw       text not null,
	unit_name      text not null,
	officer        text not null,
	officer_name   text not null,
	officer_user   text not null,
	state          text not null,
	state_raw      text not null,
	clock          text not null,
	received_at    bigint not null,
	due_at         bigint not null,
	due_given      bigint not null,
	due_computed   bigint not null,
	due_version    integer not null,
	differs        integer not null,
	finished_at    bigint not null,
	returned_at    bigint not null,
	ended_at       bigint not null, -- since when it is at its end
	late           bigint not null, -- microseconds past the date at its end
	apology_at     bigint not null,
	digitized      integer not null, -- -1: nothing is known
	synthetic      integer not null,
	problems       text not null, -- ",unknown_unit,code_form,"
	step           text not null,
	applicant      text not null, -- personal; empty when erased
	doc            text not null, -- deadlines, pauses, steps, turns, problems
	updated_at     bigint not null,
	version        integer not null,
	change         bigint not null
);

create unique index case_file_code on case_file (code, system);
create unique index case_file_change on case_file (change);
create index case_file_tail on case_file (tail);
create index case_file_clock on case_file (clock, due_at, n);
create index case_file_unit on case_file (unit, clock, due_at, n);
create index case_file_received on case_file (received_at, n);
create index case_file_unit_received on case_file (unit, received_at, n);
create index case_file_procedure on case_file (procedure, received_at, n);
create index case_file_field on case_file (field, received_at, n);
create index case_file_ended on case_file (ended_at, n) where ended_at <> 0;
create index case_file_late on case_file (late, n) where late > 0;
create index case_file_officer on case_file (officer, received_at, n) where officer <> '';
create index case_file_officer_user on case_file (officer_user, clock, due_at, n) where officer_user <> '';
create index case_file_problems on case_file (received_at, n) where problems <> '';
create index case_file_differs on case_file (received_at, n) where differs = 1;
create index case_file_missing on case_file (finished_at, n) where digitized <> 1 and finished_at <> 0;

create table case_event (
	case_n integer not null references case_file (n),
	id     text not null,
	at     bigint not null, -- 0: unknown
	seen   bigint not null,
	key    text not null,
	said   text not null,
	who    text not null, -- personal; empty when erased
	raw    text not null,
	primary key (case_n, id)
);
