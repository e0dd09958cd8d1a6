-- 006_keeping.sql - finds the jobs that have been kept long enough: those without a file.
CREATE INDEX job_age ON job (finished_at) WHERE status = 'failed' OR removed_at IS NOT NULL;
