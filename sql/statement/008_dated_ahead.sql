-- 008_dated_ahead.sql - a statement that ends now also has the lines that are dated ahead.
--
-- Replaced by a form with one more parameter, which has a default: callers of this one find it.
DROP FUNCTION IF EXISTS statement_span(uuid, timestamptz, timestamptz, bigint, boolean);
