-- 1: in progress since its reception under one date, until it ended, if it
-- did. The board needs no look into the document of such a file.
alter table case_file add column plain integer not null default 0;
