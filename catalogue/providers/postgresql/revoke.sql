-- A binding has gone: the role may not sign in any more, its sessions end. The data stays.
--   psql -X -q -v ON_ERROR_STOP=1 -v role=R -f revoke.sql
\set ON_ERROR_STOP on
SELECT format('ALTER ROLE %I NOLOGIN', :'role')
 WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'role';
