create index case_rejected_at on case_rejected (at);
