extension Page: JSONRepresentable where Item: JSONObject {
    public static var schema: JSONSchema {
        .named(
            Item.schemaName + "Page", "A page of a list.",
            properties: [
                JSONSchema.Property(
                    name: "data", schema: .list(of: Item.schema.selectable), description: "The items.", isRequired: true
                ),
                JSONSchema.Property(
                    name: "next_cursor", schema: JSONSchema.string.nullable,
                    description: "The cursor of the next page; null at the end.", isRequired: true),
            ])
    }

    /// A selection is one of the items' members.
    public func write(to json: inout JSONWriter) {
        json.page(items, nextCursor: nextCursor)
    }
}
