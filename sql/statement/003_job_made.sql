-- 003_job_made.sql - who asks for a statement gets the job as it was made.
--
-- job_request returns it in one more column. What a function returns cannot be replaced: the old form goes first.
DROP FUNCTION IF EXISTS job_request(uuid, uuid, uuid, timestamptz, timestamptz, text, bigint, text, text, integer);
