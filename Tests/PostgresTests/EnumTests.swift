import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct EnumTests {
    private enum Stage: String, PostgresCodable, Equatable { case potential, actual }
    private enum Mood: String, PostgresEnum, Equatable { case sad, happy, content = "more or less" }

    /// Lends a connection with the type `mood` and a table of it, of text, and of types that are no enumerations.
    private func withMoods<Result>(_ body: (inout Connection) async throws -> Result) async throws -> Result {
        try await withDatabase { database in
            try await database.execute(
                """
                CREATE TYPE mood AS ENUM ('sad', 'happy', 'more or less', 'unheard of');
                CREATE TYPE pair AS (a text, b text);
                CREATE DOMAIN word AS text;
                CREATE DOMAIN temper AS mood;
                CREATE TABLE people (mood mood, moods mood[], word word, temper temper, pair pair)
                """)
            return try await Connection.with(database.configuration(), body)
        }
    }

    @Test func `enumerations travel as their raw values`() async throws {
        try await roundTrip([Case(Stage.actual, "'actual'")])
        #expect(
            try await misreading("SELECT 'lost' AS stage", as: Stage.self)
                == .decoding(column: "stage", expected: "Stage", found: "text with another value"))
    }

    @Test func `an enumeration of PostgreSQL binds, compares and reads`() async throws {
        try await withMoods { connection in
            let added = try await connection.run(
                Statement("test.add", "INSERT INTO people (mood) VALUES (\(Mood.content)), (\(nil as Mood?))"))
            #expect(added == 2)
            let moods = try await connection.run(
                Statement(
                    "test.moods", "SELECT mood FROM people WHERE mood = \(Mood.content) OR mood IS NULL ORDER BY 1",
                    all: { try $0.nextIfPresent(Mood.self) }))
            #expect(moods == [.content, nil])
        }
    }

    @Test func `arrays of a PostgreSQL enumeration bind with a cast and read`() async throws {
        try await withMoods { connection in
            let moods: [Mood] = [.happy, .content]
            let back = try await connection.run(
                Statement(
                    "test.add",
                    """
                    INSERT INTO people (moods) VALUES (\(moods)::mood[])
                    RETURNING moods, moods || NULL::mood, '{}'::mood[]
                    """,
                    one: {
                        try (
                            $0.next([Mood].self), $0.next(NullableArray<Mood>.self).elements, $0.next([Mood].self)
                        )
                    }))
            #expect(back.0 == moods)
            #expect(back.1 == moods + [nil])
            #expect(back.2.isEmpty)
        }
    }

    @Test func `such an enumeration is text where the server expects that`() async throws {
        try await withMoods { connection in
            let (selected, isEqual, text, array) = try await connection.run(
                Statement(
                    "test.text", "SELECT \(Mood.happy), \(Mood.happy) = 'happy'::text, 'sad'::text, ARRAY['sad']",
                    one: { try ($0.next(Mood.self), $0.next(Bool.self), $0.next(Mood.self), $0.next([Mood].self)) }))
            #expect(selected == .happy)
            #expect(isEqual)
            #expect(text == .sad)
            #expect(array == [.sad])
        }
    }

    @Test func `a domain reads as what it is made of`() async throws {
        try await withMoods { connection in
            let (word, temper) = try await connection.run(
                Statement(
                    "test.domain",
                    "INSERT INTO people (word, temper) VALUES (\("a"), \(Mood.sad)) RETURNING word, temper",
                    one: { try ($0.next(String.self), $0.next(Mood.self)) }))
            #expect(word == "a")
            #expect(temper == .sad)
        }
    }

    @Test func `what is no label of the enumeration is an error that names the column`() async throws {
        func reason<Value: PostgresDecodable & Sendable>(
            _ sql: SQL, as type: Value.Type, _ connection: inout Connection
        ) async throws -> (column: String, expected: String, found: String)? {
            do {
                _ = try await connection.run(Statement("test.label", sql, one: { try $0.next(Value.self) }))
            } catch let error as PostgresError {
                guard case .decoding(let column, let expected, let found) = error.reason else { throw error }
                return (column, expected, found.replacing(/[0-9]+/, with: "N"))
            }
            return nil
        }
        let other = "user-defined type N with another value"
        try await withMoods { connection in
            let label = try await reason("SELECT 'unheard of'::mood AS v", as: Mood.self, &connection)
            #expect(try #require(label) == ("v", "Mood", other))
            let pair = try await reason("SELECT ('sad', 'sad')::pair AS v", as: Mood.self, &connection)
            #expect(try #require(pair) == ("v", "Mood", other))
            let array = try await reason("SELECT '{sad}'::mood[] AS v", as: Mood.self, &connection)
            #expect(try #require(array) == ("v", "Mood", other))
            let scalar = try await reason("SELECT 'sad'::mood AS v", as: [Mood].self, &connection)
            #expect(try #require(scalar) == ("v", "Array<Mood>", other))
            let string = try await reason("SELECT 'sad'::mood AS v", as: String.self, &connection)
            #expect(try #require(string) == ("v", "String", "user-defined type N"))
            let plain = try await reason("SELECT 'sad'::mood AS v", as: Stage.self, &connection)
            #expect(try #require(plain) == ("v", "Stage", "user-defined type N"))
            let strings = try await reason("SELECT '{sad}'::mood[] AS v", as: [String].self, &connection)
            #expect(try #require(strings) == ("v", "Array<String>", "user-defined type N"))
        }
    }

    @Test func `the server says where it cannot infer an enumeration`() async throws {
        let error = try await failure {
            try await Connection.with(TestServer.configuration()) { connection in
                try await connection.run(Statement<Void>(effect: "test.infer", "SELECT \(Mood.sad) IS NULL"))
            }
        }
        #expect(error.state == .indeterminateDatatype)
    }

    @Test func `enumerations, intervals, ranges and JSON go through a binary COPY`() async throws {
        let (interval, range) = (Interval(months: 1, microseconds: -1), PostgresRange(1..<2))
        let json = VerbatimJSON(utf8: Array("{ }".utf8))
        try await withMoods { connection in
            try await connection.execute(
                script: "CREATE TABLE t (mood mood, lasted interval, numbers int8range, json json, words text[])",
                name: "test.table")
            _ = try await connection.withTransaction { transaction in
                try await transaction.copyIn("test.copy", "COPY t FROM STDIN (FORMAT binary)") { writer in
                    try await writer.row(columns: 5) { row in
                        row.append(Mood.happy)
                        row.append(interval)
                        row.append(range)
                        row.append(json)
                        row.append(NullableArray(["a", nil]))
                    }
                }
            }
            let row = try await connection.run(
                Statement(
                    "test.copied", "SELECT * FROM t",
                    one: {
                        try (
                            $0.next(Mood.self), $0.next(Interval.self), $0.next(PostgresRange<Int>.self),
                            $0.next(VerbatimJSON.self), $0.next(NullableArray<String>.self).elements
                        )
                    }))
            #expect(row == (.happy, interval, range, json, ["a", nil]))
        }
    }
}
