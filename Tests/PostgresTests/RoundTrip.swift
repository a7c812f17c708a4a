import TestSupport
import Testing

@testable import Postgres

/// A value, and the same in SQL.
struct Case<Value> {
    let value: Value
    let literal: SQL

    init(_ value: Value, _ literal: SQL) {
        self.value = value
        self.literal = literal
    }
}

/// Sends each value as a parameter, compares it there with the same as an SQL literal, and reads it back.
func roundTrip<Value: PostgresCodable & Equatable & Sendable>(
    _ cases: [Case<Value>], sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    try await Connection.with(TestServer.configuration()) { connection in
        for (value, literal) in cases.map({ ($0.value, $0.literal) }) {
            let (same, back) = try await connection.run(
                Statement(
                    "test.type", "SELECT v IS NOT DISTINCT FROM (\(literal)), v FROM (SELECT \(value) AS v) AS t",
                    one: { try ($0.next(Bool.self), $0.next(Value.self)) }))
            #expect(same, "\(value) as \(literal.text)", sourceLocation: sourceLocation)
            #expect(back == value, sourceLocation: sourceLocation)
        }
    }
}

/// What the server sends for the column `v` of the statement must not read as `Value`, whose error is given back.
func misreading<Value: PostgresDecodable & Sendable>(
    _ sql: SQL, as type: Value.Type, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> PostgresError.Reason {
    try await failure(sourceLocation: sourceLocation) {
        try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(Statement("test.misreading", sql, one: { try $0.next(Value.self) }))
        }
    }.reason
}

/// The value's binary form.
func encoded<Value: PostgresEncodable>(_ value: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    value.encode(into: &bytes)
    return bytes
}

/// Reads a binary form as a column of the type would be read.
func decoded<Value: PostgresDecodable>(_ bytes: [UInt8], as type: PostgresType) -> Value? {
    bytes.withUnsafeBytes { Value.decode($0, as: type) }
}
