-- One consumer's role and database. Safe to run again. No password is made: the role signs in by its certificate.
--   psql -X -q -v ON_ERROR_STOP=1 -v role=R -v database=D -v connections=N -f grant.sql
\set ON_ERROR_STOP on
-- Several consumers are granted at the same time, and what is the same for all of them (a role, the rights on
-- shared databases) cannot be changed twice at once: one after the other, until this session ends.
SELECT pg_advisory_lock(hashtext('allod grant')) \g /dev/null
SET client_min_messages = warning;
SELECT 'CREATE ROLE people NOLOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'people') \gexec
SELECT format('CREATE ROLE %I', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" WITH LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
  CONNECTION LIMIT :connections PASSWORD NULL;
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8''', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"role";
REVOKE CONNECT, TEMPORARY ON DATABASE :"database" FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC;
