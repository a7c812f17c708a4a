import TestSupport
import Testing

@testable import Postgres

/// What is remembered of the statements that stand prepared, without a server.
@Suite struct StatementCacheTests {
    private func command(_ number: Int, _ name: StaticString = "test.number") -> Command {
        Command(StatementLabel(name), SQL(generated: "SELECT \(number)"))
    }

    /// Makes room for a statement as a session does, adds it and gives the names that had to go.
    private func add(_ command: Command, to statements: inout PreparedStatements) -> [PreparedName] {
        var dropped: [PreparedName] = []
        while let name = statements.makeRoom() { dropped.append(name) }
        _ = statements.add(command)
        return dropped
    }

    private func name(_ number: Int) -> PreparedName { PreparedName(number) }

    @Test func `a statement is found by its name, its text and the types of its values`() {
        func statement<Value: PostgresEncodable>(_ value: Value, _ name: StaticString = "test.one") -> Command {
            Command(StatementLabel(name), "SELECT \(value)")
        }
        var statements = PreparedStatements(limit: 8)
        #expect(statements.use(statement(1)) == nil)
        #expect(statements.add(statement(1)) == name(1))
        #expect(statements.use(statement(2)) == name(1))
        // Another type, another name, another text, another number of values.
        let others = [
            statement("1"), statement(1, "test.other"), Command(StatementLabel("test.one"), "SELECT \(1) "),
            Command(StatementLabel("test.one"), "SELECT \(1), \(1)"), Command(StatementLabel("test.one"), "SELECT 1"),
        ]
        for other in others { #expect(statements.use(other) == nil) }
        for (number, other) in others.enumerated() { #expect(statements.add(other) == name(number + 2)) }
        for (number, other) in others.enumerated() { #expect(statements.use(other) == name(number + 2)) }
        #expect(statements.use(statement(3)) == name(1) && statements.count == 6)
    }

    @Test func `the server sees names of its own`() {
        let text = name(17).cString.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
        #expect(text == "p17")
        #expect(Command.deallocate(name(17)).sql.text == "DEALLOCATE p17")
    }

    @Test func `what was not used for longest makes room`() {
        var statements = PreparedStatements(limit: 3)
        for number in 1...3 { #expect(add(command(number), to: &statements).isEmpty) }
        statements.beginPipeline()
        // From the longest unused: 2, 3, 1.
        #expect(statements.use(command(1)) == name(1))
        statements.beginPipeline()
        #expect(add(command(4), to: &statements) == [name(2)])
        statements.beginPipeline()
        #expect(add(command(5), to: &statements) == [name(3)])
        #expect(statements.count == 3)
        #expect([2, 3].allSatisfy { number in statements.use(command(number)) == nil })
        #expect([1, 4, 5].allSatisfy { number in statements.use(command(number)) == name(number) })
    }

    @Test func `what a pipeline uses stays to its end, however many there are, and then goes`() {
        var statements = PreparedStatements(limit: 2)
        statements.beginPipeline()
        for number in 1...5 { #expect(add(command(number), to: &statements).isEmpty) }
        #expect(statements.count == 5)
        // One that was there before is used, and stays.
        statements.beginPipeline()
        #expect(statements.use(command(1)) == name(1))
        #expect(add(command(6), to: &statements) == [name(2), name(3), name(4), name(5)])
        #expect(statements.count == 2 && statements.use(command(1)) == name(1))
    }

    @Test func `a limit of less than one statement is one`() {
        for limit in [-1, 0, 1] {
            var statements = PreparedStatements(limit: limit)
            #expect(statements.limit == 1)
            #expect(add(command(1), to: &statements).isEmpty)
            statements.beginPipeline()
            #expect(add(command(2), to: &statements) == [name(1)])
            #expect(statements.count == 1)
        }
    }

    @Test func `a name is never given twice, whatever is forgotten`() {
        var statements = PreparedStatements(limit: 8)
        for number in 1...3 { #expect(statements.add(command(number)) == name(number)) }
        statements.remove(command(2))
        statements.remove(command(9))  // was never there
        #expect(statements.count == 2 && statements.use(command(2)) == nil && statements.use(command(3)) == name(3))
        #expect(statements.add(command(2)) == name(4))
        statements.removeAll()
        #expect(statements.count == 0 && statements.use(command(1)) == nil)
        statements.remove(command(1))
        #expect(statements.add(command(1)) == name(5) && statements.use(command(1)) == name(5))
    }

    /// Against a list of which each operation looks at everything.
    @Test(arguments: [1, 7, 64]) func `whatever happens in whatever order, it is the list it stands for`(limit: Int) {
        // The same texts under several names, so that addresses meet in a bucket.
        let names: [StaticString] = ["a.a", "b.b", "c.c", "d.d", "e.e", "f"]
        let commands = (0..<200).map { command($0 / 2, names[$0 % names.count]) }
        var statements = PreparedStatements(limit: limit)
        var list: [(command: Int, name: PreparedName)] = []  // that used last stands last
        var (given, random) = (0, SplitMix64(seed: UInt64(limit)))
        for _ in 0..<5000 {
            let index = Int.random(in: 0..<commands.count, using: &random)
            statements.beginPipeline()
            switch Int.random(in: 0..<100, using: &random) {
            case 0:
                statements.removeAll()
                list = []
            case 1..<10:
                statements.remove(commands[index])
                list.removeAll { $0.command == index }
            default:
                let found = statements.use(commands[index])
                let known = list.firstIndex { $0.command == index }
                #expect(found == known.map { list[$0].name })
                if let known {
                    list.append(list.remove(at: known))
                } else {
                    let dropped = add(commands[index], to: &statements)
                    let surplus = max(0, list.count - limit + 1)
                    #expect(dropped == list.prefix(surplus).map(\.name))
                    list.removeFirst(surplus)
                    given += 1
                    list.append((index, name(given)))
                }
            }
            #expect(statements.count == list.count)
        }
        #expect(given > 100)
    }
}
