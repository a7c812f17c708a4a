/// Reads the binary form of an array of one dimension, whatever its lower bound.
///
/// The form: number of dimensions, whether there are NULLs, type of the elements; for each dimension its length and
/// lower bound; then every element with its length. (PostgreSQL 15, `array_send` in
/// src/backend/utils/adt/arrayfuncs.c.)
struct ArrayReader {
    let element: PostgresType
    let count: Int
    private let bytes: UnsafeRawBufferPointer
    private var offset: Int

    /// `nil` for several dimensions, and for a header that cannot be one of these bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let dimensions: Int32 = bytes.bigEndian(), let hasNulls: Int32 = bytes.bigEndian(at: 4),
            hasNulls == 0 || hasNulls == 1, let oid: UInt32 = bytes.bigEndian(at: 8)
        else { return nil }
        self.bytes = bytes
        element = PostgresType(oid: oid)
        switch dimensions {
        case 0:
            count = 0
            offset = 12
        case 1:
            // Every element takes four bytes at least, so that a false count reserves no memory.
            guard let count: Int32 = bytes.bigEndian(at: 12), count >= 0, Int(count) <= (bytes.count - 20) / 4 else {
                return nil
            }
            self.count = Int(count)
            offset = 20
        default: return nil
        }
    }

    /// The next element; `nil` when the bytes end before it.
    mutating func next() -> LengthAndValue? { bytes.lengthAndValue(at: &offset) }

    /// Whether nothing is left.
    var isAtEnd: Bool { offset == bytes.count }

    /// Whether a column of this type is an array of elements that `Element` accepts.
    ///
    /// Which elements a user-defined type has stands only in its values; of these types only an enumeration is
    /// accepted.
    static func accepts<Element: PostgresDecodable>(_ type: PostgresType, of: Element.Type) -> Bool {
        type.isUserDefined ? Element.accepts(type) : type.arrayElement.map(Element.accepts) ?? false
    }
}
