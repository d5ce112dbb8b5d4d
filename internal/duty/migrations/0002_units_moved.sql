-- units are kept by internal/org now; what was kept here is handed over once
alter table duty_unit add column moved integer not null default 0;
