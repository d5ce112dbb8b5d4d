create function audit_entry_refuse() returns trigger language plpgsql as $$
begin
	raise exception 'audit_entry is append-only';
end $$;
create trigger audit_entry_change before update or delete on audit_entry
	for each row execute function audit_entry_refuse();
create trigger audit_entry_truncate before truncate on audit_entry
	for each statement execute function audit_entry_refuse();
