/// What a JSON value is like, in the words of JSON Schema 2020-12, which OpenAPI 3.1 uses.
public struct JSONSchema: Sendable, Equatable {
    /// A member of an object.
    public struct Property: Sendable, Equatable {
        public var name: String
        public var schema: JSONSchema
        public var description: String
        public var isRequired: Bool
        /// Of what a client sends: whether there is always a value, another one where none is told, so that a patch removes none.
        public var isKept = false
        /// Whether the value tells something of a person.
        public var isPersonal = false
        /// JSON of a value that it may have.
        public var example: [UInt8]?

        public init(
            name: String, schema: JSONSchema, description: String, isRequired: Bool, isPersonal: Bool = false,
            example: [UInt8]? = nil
        ) {
            self.name = name
            self.schema = schema
            self.description = description
            self.isRequired = isRequired
            self.isPersonal = isPersonal
            self.example = example
        }
    }

    public indirect enum Shape: Sendable, Equatable {
        case anything
        case boolean
        case integer(ClosedRange<Int>?)
        case number
        case string
        case list(JSONSchema, count: ClosedRange<Int>?)
        /// An object with members of any names, or of names with a schema.
        case map(JSONSchema, names: JSONSchema?, atMost: Int?)
        case object([Property])
    }

    public var shape: Shape
    /// Objects that have a name are described once and referred to by it.
    public var name: String?
    public var description: String?
    public var isNullable = false
    public var format: String?
    public var choices: [String]?
    /// Of an ECMA-262 regular expression.
    public var pattern: String?
    /// In Unicode scalars.
    public var length: ClosedRange<Int>?
    /// What kind of object an identifier names, such as `customer`.
    public var identifies: String?
    /// Of an object: whether clients may ask for some of its members, so that only the id is always there.
    public private(set) var isSelectable = false
    /// Of a list: whether no value stands twice.
    public private(set) var isUnique = false

    private init(_ shape: Shape) { self.shape = shape }

    public static let anything = JSONSchema(.anything)
    public static let boolean = JSONSchema(.boolean)
    public static let integer = JSONSchema(.integer(nil))
    public static let number = JSONSchema(.number)
    public static let string = JSONSchema(.string)
    public static let time = string.format("date-time")
    public static let day = string.format("date")
    public static let identifier = string.format("uuid")

    public static func integer(in range: ClosedRange<Int>) -> JSONSchema { JSONSchema(.integer(range)) }

    public static func choice(_ names: [String]) -> JSONSchema {
        var schema = string
        schema.choices = names
        return schema
    }

    /// An identifier of a kind of object.
    public static func identifier(of kind: String) -> JSONSchema {
        var schema = identifier
        schema.identifies = kind
        return schema
    }

    public static func list(of element: JSONSchema, count: ClosedRange<Int>? = nil) -> JSONSchema {
        JSONSchema(.list(element, count: count))
    }

    /// An object of any members.
    public static func map(of value: JSONSchema, names: JSONSchema? = nil, atMost most: Int? = nil) -> JSONSchema {
        JSONSchema(.map(value, names: names, atMost: most))
    }

    public static func object(_ properties: [Property]) -> JSONSchema { JSONSchema(.object(properties)) }

    public static func named(_ name: String, _ description: String, properties: [Property]) -> JSONSchema {
        var schema = object(properties)
        schema.name = name
        schema.description = description
        return schema
    }

    /// The same of which clients may ask for some members.
    public var selectable: JSONSchema {
        var schema = self
        schema.isSelectable = properties.contains { $0.name == "id" }
        return schema
    }

    /// The same list in which no value stands twice.
    public var unique: JSONSchema {
        var schema = self
        schema.isUnique = true
        return schema
    }

    /// The same, or null.
    public var nullable: JSONSchema {
        var schema = self
        schema.isNullable = true
        return schema
    }

    /// What a merge patch (RFC 7396) of such a value may be: of objects any members, each new or null.
    public var patch: JSONSchema {
        guard case .object(let properties) = shape else { return self }
        var schema = self
        schema.name = nil
        schema.shape = .object(
            properties.map { property in
                var property = property
                property.schema = property.schema.patch.nullable
                property.isRequired = false
                return property
            })
        return schema
    }

    public func format(_ format: String) -> JSONSchema {
        var schema = self
        schema.format = format
        return schema
    }

    public func length(_ length: ClosedRange<Int>) -> JSONSchema {
        var schema = self
        schema.length = length
        return schema
    }

    public func pattern(_ pattern: String) -> JSONSchema {
        var schema = self
        schema.pattern = pattern
        return schema
    }

    /// The members, if it is an object.
    public var properties: [Property] { if case .object(let properties) = shape { properties } else { [] } }
}
