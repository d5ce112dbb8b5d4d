-- From where it was done, and the words to look for. What is older has neither.
alter table audit_entry add column address text not null default '';
alter table audit_entry add column fold text not null default '';
