import CRM

extension DepartmentValues: RecordBody {
    static let newExample = #"{"name": "Service", "parent_id": "019aab50-c4c0-7000-8000-000000000007"}"#
    static let changesExample = #"{"name": "Service abroad", "parent_id": "019aab50-c4c0-7000-8000-000000000007"}"#

    init(_ reader: inout BodyReader) {
        let parent: Department.ID? = reader.identifier(
            "parent_id", "The department that it belongs to; null at the top.")
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other department has."),
            parentID: parent?.rawValue)
    }
}
