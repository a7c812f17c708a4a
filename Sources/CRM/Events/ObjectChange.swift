/// What a change made of an object's members, for the audit log: `{"stage": ["potential", "actual"]}`.
struct ObjectChange {
    /// The values before and after, by member; null where they tell something of a person.
    let changes: [UInt8]
    /// The values that ``changes`` has no more than the names of; `nil` when there are none.
    let personal: [UInt8]?

    /// Counters and times that change with everything say nothing.
    private static let silent: Set = ["id", "version", "created_at", "updated_at"]
    private static let null = Array("null".utf8)

    /// - Parameters:
    ///   - before: `nil` for what is new.
    ///   - after: `nil` for what is gone.
    ///   - unknown: members to leave out.
    ///   - secrets: members that were changed and whose values nobody may see.
    /// - Returns: `nil` when nothing has changed.
    init?<Object: JSONObject>(
        from before: Object?, to after: Object?, unknown: Set<String> = [], secrets: [String] = []
    ) {
        let old = before.map { JSONWriter.parts(of: $0) } ?? []
        let new = after.map { JSONWriter.parts(of: $0) } ?? []
        let names = new.isEmpty ? old : new
        var (changes, personal) = (JSONWriter(capacity: 256), JSONWriter(capacity: 256))
        var (hasChanges, hasPersonal) = (false, false)
        changes.object { changes in
            personal.object { personal in
                for (index, part) in names.enumerated()
                where !Self.silent.contains(part.name) && !unknown.contains(part.name) {
                    // Both tell the same members in the same order.
                    let values = (
                        old.isEmpty ? Self.null : old[index].value, new.isEmpty ? Self.null : new[index].value
                    )
                    guard values.0 != values.1 else { continue }
                    hasChanges = true
                    if part.isPersonal {
                        hasPersonal = true
                        changes.member(named: part.name, Values?.none)
                        personal.member(named: part.name, Values(before: values.0, after: values.1))
                    } else {
                        changes.member(named: part.name, Values(before: values.0, after: values.1))
                    }
                }
                for secret in secrets {
                    hasChanges = true
                    changes.member(named: secret, ["***", "***"])
                }
            }
        }
        guard hasChanges else { return nil }
        self.changes = changes.bytes
        self.personal = hasPersonal ? personal.bytes : nil
    }

    private struct Values: JSONRepresentable {
        static let schema = JSONSchema.anything
        let before: [UInt8]
        let after: [UInt8]

        func write(to json: inout JSONWriter) {
            json.verbatim([UInt8(ascii: "[")] + before + [UInt8(ascii: ",")] + after + [UInt8(ascii: "]")])
        }
    }
}
