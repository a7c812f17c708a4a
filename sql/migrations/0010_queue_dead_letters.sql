-- Dead letters are listed by the time they died, over all tenants too. Without the tenant in this index the only one that finds a dead
-- letter by its key is the primary key, whatever statistics say (record 0011).
DROP INDEX job.dead_died_at_idx;
CREATE INDEX dead_died_at_idx ON job.dead (died_at);
