public import Postgres

/// How much of the revenue a customer brings: tiers of an ABC analysis, found out each night by `crm.rank_customers`.
public enum ValueTier: String, JSONChoice, PostgresEncodable, PostgresDecodable {
    /// The best customers, who together bring the first 80 per cent.
    case a
    /// Those who bring the next 15.
    case b
    /// The others who brought something; whose orders all came back is in none.
    case c
}
