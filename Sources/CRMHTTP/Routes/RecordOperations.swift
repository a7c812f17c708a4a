import CRM

/// The operations of one kind of record.
struct RecordOperations<Values: RecordBody>: OperationGroup {
    /// Such as `/v1/markets`.
    private let path: String
    private let plural: String
    private let tag: Operation.Tag
    private let records: RecordService<Values>

    /// - Parameter plural: what several are called, such as `markets`.
    init(_ plural: String, _ description: String, _ records: RecordService<Values>) {
        path = "/v1/\(plural.replacing("_", with: "-"))"
        self.plural = plural
        let spoken = plural.replacing("_", with: " ")
        tag = Operation.Tag(spoken.prefix(1).uppercased() + spoken.dropFirst(), description)
        self.records = records
    }

    var operations: [Operation] {
        let (kind, records, write, read) = (Values.kind, records, Values.writeScope, Values.readScope)
        let an = "aeiou".contains(Values.spoken.prefix(1)) ? "an" : "a"
        let (one, several) = (Values.spoken, plural.replacing("_", with: " "))
        let taken = [Values.takenCode.flatMap(ProblemCode.init(rawValue:))].compactMap(\.self)
        return [
            .create(
                .at(path, "create_\(kind)", "Add \(an) \(one)", tag, write, problems: taken),
                from: NewRecord<Values>.self, { try await records.create($0, id: $1, $2.values) },
                replay: records.find),
            .list(.at(path, "list_\(plural)", "List \(several)", tag, read), by: RecordFilter<Values>.self) {
                try await records.list($0.caller, $1, $2)
            },
            .find(.at("\(path)/{id}", "find_\(kind)", "Show \(an) \(one)", tag, read), records.find),
            .change(
                .at("\(path)/{id}", "change_\(kind)", "Change \(an) \(one)", tag, write, problems: taken),
                by: RecordChanges<Values>.self
            ) { context, id, version, changes in
                try await records.update(context, id, ifVersion: version) { try changes.apply(to: $0) }
            },
            .remove(
                .at("\(path)/{id}", "remove_\(kind)", "Remove \(an) \(one)", tag, write, problems: [.inUse]),
                records.remove),
        ]
    }
}

extension RecordFilter: ListFilter {
    init(_ query: inout QueryReader) {
        self.init()
        for field in Values.filters {
            switch field.value {
            case .identifier(let kind):
                if let id = query.filterUUID(field.name, of: kind, field.description) { add(field, id) }
            case .choice(let choices):
                if let texts = query.filterTexts(field.name, amongst: choices, field.description) { add(field, texts) }
            case .flag:
                if let flag = query.filterFlag(field.name, field.description) { add(field, flag) }
            case .time:
                add(
                    field, from: query.filterTime(field.name, "gte", field.description + " From this time on."),
                    until: query.filterTime(field.name, "lt", field.description + " Before this time."))
            }
        }
    }
}
