-- The role by which the exporter reads figures: it signs in by the component's own certificate. Safe to run again.
\set ON_ERROR_STOP on
SELECT pg_advisory_lock(hashtext('allod grant')) \g /dev/null
SET client_min_messages = warning;
SELECT 'CREATE ROLE metrics_reader'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'metrics_reader') \gexec
ALTER ROLE metrics_reader WITH LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
  CONNECTION LIMIT 3 PASSWORD NULL;
GRANT pg_monitor TO metrics_reader;
GRANT CONNECT ON DATABASE postgres TO metrics_reader;
