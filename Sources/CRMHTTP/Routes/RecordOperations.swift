import CRM

/// The operations of one kind of record that makes a tree.
struct RecordOperations<Values: RecordBody & TreeValues>: OperationGroup {
    /// Such as `/v1/markets`.
    private let path: String
    private let plural: String
    private let tag: Operation.Tag
    private let records: RecordService<Values>

    /// - Parameter plural: what several are called, such as `markets`.
    init(_ plural: String, _ description: String, _ records: RecordService<Values>) {
        path = "/v1/\(plural)"
        self.plural = plural
        tag = Operation.Tag(plural.prefix(1).uppercased() + plural.dropFirst(), description)
        self.records = records
    }

    var operations: [Operation] {
        let (kind, records, write, read) = (Values.kind, records, Values.writeScope, Values.readScope)
        return [
            .create(
                .at(path, "create_\(kind)", "Add a \(kind)", tag, write, problems: [.nameTaken]),
                from: NewRecord<Values>.self, { try await records.create($0, id: $1, $2.values) },
                replay: records.find),
            .list(.at(path, "list_\(plural)", "List \(plural)", tag, read)) { call, page in
                try await records.list(call.caller, page)
            },
            .find(.at("\(path)/{id}", "find_\(kind)", "Show a \(kind)", tag, read), records.find),
            .change(
                .at("\(path)/{id}", "change_\(kind)", "Change a \(kind)", tag, write, problems: [.nameTaken]),
                by: RecordChanges<Values>.self
            ) { context, id, version, changes in
                try await records.update(context, id, ifVersion: version) { try changes.apply(to: $0) }
            },
            .remove(
                .at("\(path)/{id}", "remove_\(kind)", "Remove a \(kind)", tag, write, problems: [.inUse]),
                records.remove),
        ]
    }
}
