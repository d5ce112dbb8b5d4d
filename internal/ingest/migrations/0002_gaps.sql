-- Messages below published that no life has counted as received yet: pairs
-- "from-to", from exclusive, comma between.
alter table ingest_cursor add column gaps text not null default '';
