-- Open files by their date, and all by their reception, with what lists filter
-- by: counted and paged without looking at the rows.
drop index case_file_clock;
create index case_file_open on case_file (clock, due_at, n, unit, field, procedure, channel, system, state, officer_user);
drop index case_file_received;
create index case_file_list on case_file (received_at, n, unit, field, procedure, channel, system, state);
