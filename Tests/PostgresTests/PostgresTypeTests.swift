import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct PostgresTypeTests {
    private struct Entry: Sendable {
        let type: PostgresType
        let name: String
        let element: PostgresType?
        let bound: PostgresType?
    }

    /// Every type that came with the server, and what its arrays and ranges are made of.
    private func catalogue() async throws -> [Entry] {
        try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.types",
                    """
                    SELECT t.oid::int8, t.typname, CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 END,
                        r.rngsubtype::int8
                    FROM pg_type AS t LEFT JOIN pg_range AS r ON r.rngtypid = t.oid WHERE t.oid < 16384
                    """,
                    all: {
                        Entry(
                            type: PostgresType(number: try $0.next()), name: try $0.next(),
                            element: try $0.nextIfPresent().map(PostgresType.init(number:)),
                            bound: try $0.nextIfPresent().map(PostgresType.init(number:)))
                    }))
        }
    }

    @Test func `a type's name, elements and bounds are those of the server's catalogue`() async throws {
        let catalogue = try await catalogue()
        let names = Dictionary(uniqueKeysWithValues: catalogue.map { ($0.type, $0.name) })
        for entry in catalogue {
            let type = entry.type
            if let element = type.arrayElement {
                #expect(element == entry.element, "\(type)")
                #expect(type.description == names[element].map { "\($0)[]" })
            } else if type.description != "type \(type.oid)" {
                #expect(type.description == entry.name)
            }
            if type.rangeBound != nil { #expect(type.rangeBound == entry.bound, "\(type)") }
        }
        #expect(catalogue.count { $0.type.arrayElement != nil } == 24)
        #expect(catalogue.count { $0.type.rangeBound != nil } == 5)
        for type: PostgresType in [.bool, .interval, .tstzrange, .json, .oid] { #expect(names[type] != nil) }
    }

    @Test func `every type that binds is known with its array`() async throws {
        func check<Value: PostgresEncodable & PostgresDecodable>(_ type: Value.Type) {
            #expect(Value.postgresArrayType.arrayElement == Value.postgresType, "\(type)")
            #expect(!Value.postgresType.description.hasPrefix("type"), "\(type)")
            #expect(Value.accepts(Value.postgresType), "\(type)")
            #expect([Value].accepts(Value.postgresArrayType), "\(type)")
            #expect(NullableArray<Value>.accepts(Value.postgresArrayType), "\(type)")
        }
        check(Bool.self)
        check(Int.self)
        check(Int64.self)
        check(Int32.self)
        check(Int16.self)
        check(Double.self)
        check(Float.self)
        check(Decimal.self)
        check(String.self)
        check(Bytes.self)
        check(UUID.self)
        check(TupleIdentifier.self)
        check(Date.self)
        check(LocalDate.self)
        check(Interval.self)
        check(JSONText.self)
        check(VerbatimJSON.self)
        check(JSONValue<[Int]>.self)
        check(PostgresRange<Date>.self)
        check(PostgresRange<LocalDate>.self)
        check(PostgresRange<Decimal>.self)
        check(PostgresRange<Int>.self)
        check(PostgresRange<Int64>.self)
        check(PostgresRange<Int32>.self)
    }
}

extension PostgresType {
    fileprivate init(number: Int) { self.init(oid: UInt32(number)) }
}
