-- Lays the newest file of the log aside, if anything was written since the last time.
-- :mark is a file that remembers up to which transaction.
\set ON_ERROR_STOP on
SELECT coalesce(pg_read_file(:'mark', 0, 40, true), '') <> pg_snapshot_xmax(pg_current_snapshot())::text || E'\n'
  AS changed \gset
\if :changed
  -- A commit of now: recovery to any time before it finds something after that time.
  SELECT pg_logical_emit_message(true, 'allod', 'shipped') \g /dev/null
  COPY (SELECT pg_snapshot_xmax(pg_current_snapshot())) TO :'mark';
  SELECT set_config('allod.file', pg_walfile_name(pg_switch_wal()), false) \g /dev/null
  DO $$
  BEGIN
    FOR i IN 1..500 LOOP
      PERFORM pg_stat_clear_snapshot();
      IF (SELECT last_archived_wal >= current_setting('allod.file') FROM pg_stat_archiver) THEN
        RETURN;
      END IF;
      PERFORM pg_sleep(0.1);
    END LOOP;
    RAISE EXCEPTION 'the log is not laid aside: %', (SELECT last_failed_wal FROM pg_stat_archiver);
  END $$;
\endif
