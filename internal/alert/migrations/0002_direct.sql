-- Alerts that go straight to a unit (a case that falls due) are thousands: the
-- shift's list must not wade through them.
alter table alert add column direct integer not null default 0;
drop index alert_by_severity;
-- All that a long list asks of a row before it knows which rows it lacks.
create index alert_by_severity on alert (direct, open, severity, raised_at, id, version, group_id, state, suppressed, late);
