-- A consumer that is no longer there: its role cannot sign in, its sessions end. The database stays.
--   psql -X -q -v ON_ERROR_STOP=1 -v role=R -f revoke.sql
\set ON_ERROR_STOP on
SELECT pg_advisory_lock(hashtext('allod grant')) \g /dev/null
SELECT format('ALTER ROLE %I WITH NOLOGIN', :'role')
 WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :'role' \g /dev/null
