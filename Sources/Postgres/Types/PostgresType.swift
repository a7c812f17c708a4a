/// A PostgreSQL type, by its object id. (PostgreSQL 15, src/include/catalog/pg_type.dat and pg_range.dat.)
public struct PostgresType: Sendable, Hashable, CustomStringConvertible {
    /// The `oid` in `pg_type`; fixed for PostgreSQL's own types, different in each database for those that were
    /// created.
    public let oid: UInt32
    public init(oid: UInt32) { self.oid = oid }

    /// For a parameter whose type the server infers.
    public static let unspecified = PostgresType(oid: 0)
    public static let bool = PostgresType(oid: 16)
    public static let bytea = PostgresType(oid: 17)
    public static let name = PostgresType(oid: 19)
    public static let int8 = PostgresType(oid: 20)
    public static let int2 = PostgresType(oid: 21)
    public static let int4 = PostgresType(oid: 23)
    public static let text = PostgresType(oid: 25)
    public static let oid = PostgresType(oid: 26)
    public static let tid = PostgresType(oid: 27)
    public static let json = PostgresType(oid: 114)
    public static let float4 = PostgresType(oid: 700)
    public static let float8 = PostgresType(oid: 701)
    public static let unknown = PostgresType(oid: 705)
    public static let bpchar = PostgresType(oid: 1042)
    public static let varchar = PostgresType(oid: 1043)
    public static let date = PostgresType(oid: 1082)
    public static let timestamptz = PostgresType(oid: 1184)
    public static let interval = PostgresType(oid: 1186)
    public static let numeric = PostgresType(oid: 1700)
    public static let void = PostgresType(oid: 2278)
    public static let uuid = PostgresType(oid: 2950)
    public static let jsonb = PostgresType(oid: 3802)
    public static let int4range = PostgresType(oid: 3904)
    public static let numrange = PostgresType(oid: 3906)
    public static let tstzrange = PostgresType(oid: 3910)
    public static let daterange = PostgresType(oid: 3912)
    public static let int8range = PostgresType(oid: 3926)

    public static let jsonArray = PostgresType(oid: 199)
    public static let boolArray = PostgresType(oid: 1000)
    public static let byteaArray = PostgresType(oid: 1001)
    public static let nameArray = PostgresType(oid: 1003)
    public static let int2Array = PostgresType(oid: 1005)
    public static let int4Array = PostgresType(oid: 1007)
    public static let textArray = PostgresType(oid: 1009)
    public static let tidArray = PostgresType(oid: 1010)
    public static let bpcharArray = PostgresType(oid: 1014)
    public static let varcharArray = PostgresType(oid: 1015)
    public static let int8Array = PostgresType(oid: 1016)
    public static let float4Array = PostgresType(oid: 1021)
    public static let float8Array = PostgresType(oid: 1022)
    public static let dateArray = PostgresType(oid: 1182)
    public static let timestamptzArray = PostgresType(oid: 1185)
    public static let intervalArray = PostgresType(oid: 1187)
    public static let numericArray = PostgresType(oid: 1231)
    public static let uuidArray = PostgresType(oid: 2951)
    public static let jsonbArray = PostgresType(oid: 3807)
    public static let int4rangeArray = PostgresType(oid: 3905)
    public static let numrangeArray = PostgresType(oid: 3907)
    public static let tstzrangeArray = PostgresType(oid: 3911)
    public static let daterangeArray = PostgresType(oid: 3913)
    public static let int8rangeArray = PostgresType(oid: 3927)

    /// Whether the type was created in this database, such as by `CREATE TYPE`, and not with PostgreSQL itself.
    /// (`FirstNormalObjectId` in src/include/access/transam.h.)
    var isUserDefined: Bool { oid >= 16_384 }

    /// What an array of this type holds; `nil` for a type that is no array, or not a known one.
    var arrayElement: PostgresType? {
        switch self {
        case .boolArray: .bool
        case .bpcharArray: .bpchar
        case .byteaArray: .bytea
        case .dateArray: .date
        case .daterangeArray: .daterange
        case .float4Array: .float4
        case .float8Array: .float8
        case .int2Array: .int2
        case .int4Array: .int4
        case .int4rangeArray: .int4range
        case .int8Array: .int8
        case .int8rangeArray: .int8range
        case .intervalArray: .interval
        case .jsonArray: .json
        case .jsonbArray: .jsonb
        case .nameArray: .name
        case .numericArray: .numeric
        case .numrangeArray: .numrange
        case .textArray: .text
        case .tidArray: .tid
        case .timestamptzArray: .timestamptz
        case .tstzrangeArray: .tstzrange
        case .uuidArray: .uuid
        case .varcharArray: .varchar
        default: nil
        }
    }

    /// What a range of this type has as bounds; `nil` for a type that is no range, or not a known one.
    var rangeBound: PostgresType? {
        switch self {
        case .daterange: .date
        case .int4range: .int4
        case .int8range: .int8
        case .numrange: .numeric
        case .tstzrange: .timestamptz
        default: nil
        }
    }

    /// Names for messages, of types that no Swift type reads too.
    private static let names: [UInt32: String] = [
        0: "unspecified", 16: "bool", 17: "bytea", 18: "char", 19: "name", 20: "int8", 21: "int2", 23: "int4",
        25: "text", 26: "oid", 27: "tid", 114: "json", 142: "xml", 650: "cidr", 700: "float4", 701: "float8",
        705: "unknown", 790: "money", 869: "inet", 1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time",
        1114: "timestamp", 1184: "timestamptz", 1186: "interval", 1266: "timetz", 1560: "bit", 1562: "varbit",
        1700: "numeric", 2249: "record", 2278: "void", 2950: "uuid", 3614: "tsvector", 3802: "jsonb", 3904: "int4range",
        3906: "numrange", 3908: "tsrange", 3910: "tstzrange", 3912: "daterange", 3926: "int8range",
    ]

    /// The name in PostgreSQL's catalogue, with `[]` for an array; the object id where it is not known here.
    public var description: String {
        if let name = Self.names[oid] { return name }
        if let arrayElement { return "\(arrayElement)[]" }
        return isUserDefined ? "user-defined type \(oid)" : "type \(oid)"
    }
}
