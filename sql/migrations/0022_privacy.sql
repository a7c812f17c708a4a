-- Persons are told what is kept of them, and forgotten when they ask.

ALTER TABLE crm.customer ADD COLUMN erased_at timestamptz;

-- An address that nobody is to be written to at, of which no more is kept than it takes to know it again.
CREATE FUNCTION crm.erased_key(address_key text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN '#' || encode(sha256(convert_to(address_key, 'UTF8')), 'hex');
GRANT EXECUTE ON FUNCTION crm.erased_key(text) TO mehvar_app;
