create trigger audit_entry_update before update on audit_entry
begin
	select raise(abort, 'audit_entry is append-only');
end;
create trigger audit_entry_delete before delete on audit_entry
begin
	select raise(abort, 'audit_entry is append-only');
end;
-- "insert or replace" deletes without the trigger above.
create trigger audit_entry_insert before insert on audit_entry
when exists (select 1 from audit_entry where seq = new.seq or id = new.id)
begin
	select raise(abort, 'audit_entry is append-only');
end;
