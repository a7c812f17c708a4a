/// An enumeration that stands for a PostgreSQL enum (`CREATE TYPE … AS ENUM`), its raw values being the labels.
///
/// It reads from columns of such a type, of an array of one, and of text; a label that is none of the raw values does
/// not decode. It binds without a type, which the server infers from where the placeholder stands: in a bare `SELECT`
/// it takes text, and where nothing tells it refuses (`indeterminate_datatype`). An array binds as `text[]` and needs a
/// cast in the SQL: `\(moods)::mood[]`; a binary COPY refuses it.
///
/// A user-defined type's object id is known to one database only, so every such type is accepted here, and what it
/// sends must be one of the raw values. That is why `String` accepts none: whatever an extension's or a composite type
/// sends could happen to be UTF-8.
public protocol PostgresEnum: PostgresEncodable, PostgresDecodable, RawRepresentable where RawValue == String {}

extension PostgresEnum {
    public static var postgresType: PostgresType { .unspecified }
    /// The server takes a binary array only with its elements' object id, which is not known here.
    public static var postgresArrayType: PostgresType { .textArray }
    public static func accepts(_ type: PostgresType) -> Bool { type.isUserDefined || String.accepts(type) }
}
