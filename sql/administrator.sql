-- administrator.sql - takes from everyone what Purse's roles do not need. `make up` runs it on its
-- own server as the superuser, once the databases exist; so does the container. Twice is harmless.
--
-- PostgreSQL lets every role connect to the databases that it creates itself, and write large
-- objects. So a stolen password of a run-time role could fill the disk, and read the names of all
-- roles and databases from elsewhere.
--
-- The owners keep these functions, although they use none: pg_dump writes such a REVOKE into each
-- dump, and pg_restore as the owner fails at it if the owner has no right to the function at all.

REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
\connect purse_auth
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)
	TO purse_auth_owner;
\connect purse_wallet
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)
	TO purse_wallet_owner;
\connect purse_statement
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea)
	TO purse_statement_owner;
