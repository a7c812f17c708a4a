import HTTPTypes

extension HTTPFields {
    /// The value of a field, joined when it is there several times: as the subscript by name, and cheaper where it is there
    /// once or not at all.
    func value(_ name: HTTPField.Name) -> String? {
        var value: String?
        for field in self where field.name == name {
            guard value == nil else { return self[name] }
            value = field.value
        }
        return value
    }
}
