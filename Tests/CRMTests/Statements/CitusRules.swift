/// What a text shows of the rules that keep the product able to run sharded by tenant.
enum CitusRules {
    /// The tables of tenants that a text reads or writes, each with the name by which its columns are called. Functions name the
    /// tenant themselves.
    private static func tables(in text: String) -> [(table: String, alias: String?)] {
        let keywords: Set = [
            "where", "set", "values", "select", "on", "join", "left", "order", "group", "limit", "using", "for",
        ]
        let pattern = /(?i)\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+((?:crm|job)\.[a-z_]+\b)(?!\()(?:\s+AS)?\s*\b([a-z_]+)?/
        return text.matches(of: pattern).map { match in
            let alias = match.2.map(String.init)
            return (String(match.1), alias.flatMap { keywords.contains($0.lowercased()) ? nil : $0 })
        }
    }

    /// The rules that a statement of the application breaks.
    static func broken(byStatement text: String) -> [String] {
        var broken: [String] = []
        func forbid(_ rule: String, _ pattern: some RegexComponent, in text: some StringProtocol) {
            if String(text).contains(pattern) { broken.append(rule) }
        }
        let tables = tables(in: text)
        for (table, alias) in tables {
            let isNamed =
                if let alias { text.contains("\(alias).tenant_id") || text.contains("(tenant_id") } else {
                    text.contains(/\btenant_id\b/)
                }
            if !isNamed { broken.append("the tenant of \(table) is not named") }
        }
        let isBound =
            text.contains(/tenant_id = \$\d+/) || text.contains(/\(tenant_id[\s\S]*(VALUES \(|SELECT )\$\d+/)
        if !tables.isEmpty, !isBound { broken.append("the tenant is left to row level security") }
        forbid("MERGE, OFFSET", /(?i)\bMERGE\b|\bOFFSET\b/, in: text)
        forbid("subquery in VALUES", /(?i)VALUES\s*\([^)]*\bSELECT\b/, in: text)
        if text.contains(/(?i)INSERT INTO (crm|job)\.[\s\S]*\bSELECT\b/), !text.contains(/ON CONFLICT|RETURNING/) {
            broken.append("INSERT … SELECT without ON CONFLICT or RETURNING")
        }
        if text.contains(/(?i)^\s*(WITH|UPDATE|DELETE)\b/) {
            forbid(
                "volatile function in UPDATE or DELETE",
                /(?i)gen_random_uuid|clock_timestamp|nextval|random\s*\(|statement_timestamp|timeofday/, in: text)
            forbid(
                "unstable function of a column in UPDATE or DELETE",
                /(?i)::date|AT TIME ZONE|date_trunc|to_char|jsonb?_build_|to_jsonb?\(|[a-z_]\s*[+-]\s*(interval|make_interval)/,
                in: text.replacing(/now\(\)\s*[+-]\s*interval/, with: ""))
        }
        if let update = text.firstMatch(of: /DO UPDATE\s+SET([\s\S]*?)(WHERE|RETURNING|$)/) {
            forbid("time of its own in DO UPDATE", /(?i)\bnow\(\)|clock_timestamp|gen_random_uuid/, in: update.1)
        }
        return broken
    }

    /// The rules that a script of `sql/` breaks; comments are not looked at.
    static func broken(byScript script: String) -> [String] {
        let text = script.replacing(/--[^\n]*/, with: "")
        var broken: [String] = []
        let forbidden: [Regex<Substring>] = [
            /(?i)\bMERGE\b/, /(?i)\bCREATE\s[^;(]*\b(?:TRIGGER|RULE|SEQUENCE)\b/, /(?i)\bSET NULL\b/,
            /(?i)\bON UPDATE CASCADE\b/,
            /(?i)\b(?:big|small)?serial\b/, /(?i)\bMATERIALIZED VIEW\b/,
        ]
        for pattern in forbidden {
            if let found = text.firstMatch(of: pattern) { broken.append(String(found.0)) }
        }
        for change in text.matches(of: /(?i)ALTER TABLE[^;]*/)
        where change.0.contains(/(?i)\bADD COLUMN\b/) && change.0.contains(/(?i)\bREFERENCES\b/) {
            broken.append("column and foreign key in one statement")
        }
        for view in text.matches(of: /(?i)CREATE (?:OR REPLACE )?VIEW[\s\S]*?\bAS\b/)
        where !view.0.contains("security_invoker") {
            broken.append("view that asks as its owner")
        }
        for key in text.matches(of: /(?i)(CONSTRAINT [a-z_]+\s+(?:FOREIGN KEY \([^)]*\)\s+)?)?\bREFERENCES\b/)
        where key.1 == nil { broken.append("foreign key without a name") }
        for policy in text.matches(of: /(?i)CREATE POLICY[\s\S]*?;/) {
            if !policy.0.contains(/(?i)\bTO mehvar_/) { broken.append("policy without a role") }
            if policy.0.contains(/(?i)\(\s*SELECT\b/) { broken.append("policy with a subquery") }
        }
        return broken
    }
}
