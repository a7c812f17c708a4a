import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func `interpolated values become placeholders and never text`() {
        let name = "Robert'); DROP TABLE customers;--"
        let sql: SQL = "SELECT \(1) WHERE name = \(name)"
        #expect(sql.text == "SELECT $1 WHERE name = $2")
        #expect(sql.parameterTypes == [.int8, .text])
    }

    @Test func `a text without values stays as it is`() {
        let sql: SQL = "SELECT '$1', «سلام»"
        #expect(sql.text == "SELECT '$1', «سلام»")
        #expect(sql.parameterTypes.isEmpty)
    }

    @Test func `nil binds NULL with the type of the value that is missing`() {
        let missing: String? = nil
        let present: Int32? = 7
        let sql: SQL = "SELECT \(missing), \(present)"
        #expect(sql.text == "SELECT $1, $2")
        #expect(sql.parameters.slots.map(\.length) == [-1, 4])
        #expect(sql.parameterTypes == [.text, .int4])
    }

    @Test func `nested fragments are renumbered and keep their values in order`() {
        let inner: SQL = "(a = \(1) OR b = \("x"))"
        let outer: SQL = "WHERE t = \(true) AND \(inner) AND \(inner) AND z = \(2)"
        #expect(outer.text == "WHERE t = $1 AND (a = $2 OR b = $3) AND (a = $4 OR b = $5) AND z = $6")
        #expect(outer.parameterTypes == [.bool, .int8, .text, .int8, .text, .int8])
        #expect(outer.parameters.slots.map(\.offset) == [0, 1, 9, 10, 18, 19])
    }

    @Test func `joining fragments numbers past nine`() {
        let many = SQL.joined((1...12).map { "\($0)" }, by: ", ")
        #expect(many.text == (1...12).map { "$\($0)" }.joined(separator: ", "))
        let nested: SQL = "\(0) IN (\(many)) END"
        #expect(nested.text == "$1 IN (" + (2...13).map { "$\($0)" }.joined(separator: ", ") + ") END")
        #expect(SQL.joined([], by: ", ").text.isEmpty)
    }

    @Test func `statements are prepared once for each text and types of values`() {
        var prepared = PreparedStatements(limit: 10)
        func command(_ sql: SQL) -> Command { Statement("test.same", sql).command }
        let name = prepared.add(command("SELECT \(1)"))
        #expect(prepared.use(command("SELECT \(2)")) == name)
        #expect(prepared.use(command("SELECT \(Int32(1))")) == nil)
        #expect(prepared.use(command("SELECT  \(1)")) == nil)
        #expect(prepared.add(command("SELECT  \(1)")) != name)
        #expect(prepared.count == 2)
    }
}
