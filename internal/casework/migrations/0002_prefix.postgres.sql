-- Codes are searched by their beginning, whatever the collation.
create index case_file_due on case_file (due_at, n);
create index case_file_code_begins on case_file (code text_pattern_ops);
create index case_file_tail_begins on case_file (tail text_pattern_ops);
