-- Codes are searched by their beginning, which SQLite compares byte by byte.
create index case_file_due on case_file (due_at, n);
