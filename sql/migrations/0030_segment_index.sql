-- Rules find kinds, stages and languages in the summaries (0028). By itself, for the customers are locked only for a moment.
DROP INDEX crm.customer_segment_idx;
