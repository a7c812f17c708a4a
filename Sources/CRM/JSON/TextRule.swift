/// What a text may be, wherever it comes from: checked in services, told in the API's documentation.
public struct TextRule: Sendable {
    /// What is wrong with a text.
    public struct Fault: Sendable, Equatable {
        public let code: String
        public let detail: String
    }

    public let schema: JSONSchema
    private let fault: Fault
    private let accepts: @Sendable (String) -> Bool

    /// - Parameters:
    ///   - schema: accepts at least what the rule accepts.
    ///   - accepts: decides.
    public init(_ schema: JSONSchema, _ code: String, _ detail: String, _ accepts: @escaping @Sendable (String) -> Bool)
    {
        self.schema = schema
        fault = Fault(code: code, detail: detail)
        self.accepts = accepts
    }

    /// What is wrong with the text; `nil` when it is right.
    public func fault(of text: String) -> Fault? { accepts(text) ? nil : fault }

    /// Notes what is wrong with the text under the pointer.
    func check(_ text: String, _ pointer: String, into errors: inout [FieldError]) {
        if let fault = fault(of: text) { errors.append(FieldError(pointer, fault.code, fault.detail)) }
    }
}

extension TextRule {
    /// Something to read: not all blank, so many characters at most.
    ///
    /// Characters are Unicode scalars, as PostgreSQL and JSON Schema count them.
    public static func words(_ longest: Int) -> TextRule {
        TextRule(
            .string.length(1...longest).pattern("^[^\\u0000]*\\S[^\\u0000]*$"), "length",
            "1 to \(longest) characters that are not all blank."
        ) { text in
            guard text.utf8.count <= longest || text.unicodeScalars.count <= longest else { return false }
            return text.unicodeScalars.contains { !$0.properties.isWhitespace }
        }
    }

    /// A text of a form.
    ///
    /// - Parameter pattern: ECMA-262, for the whole text.
    public static func matching(
        _ pattern: String, _ code: String, _ detail: String, _ accepts: @escaping @Sendable (String) -> Bool
    ) -> TextRule {
        TextRule(.string.pattern("^\(pattern)$"), code, detail, accepts)
    }
}
