import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Every statement runs on a migrated database, as the role that runs it, with the types that it binds and reads.
@Suite("Statement catalogue")
struct StatementCatalogueTests {
    /// Run by every migrated database of the tests; they stand inside the migrator.
    private static let ofMigrator: Set = [
        "migration.lock", "migration.exists", "migration.list", "migration.record", "routine.list", "routine.record",
    ]
    private struct Undo: Error {}

    @Test func `Every statement runs as its role, and its rows can be read`() async throws {
        try await withMigratedDatabase { server in
            let catalogue = try await StatementCatalogue(FilledBusiness(in: server, slug: "one"))
            let setTenant = Statement(effect: "test.tenant", "SELECT crm.set_tenant(\(catalogue.tenant))")
            for group in try catalogue.groups {
                let pool = Pool(server.configuration(user: group.role.rawValue, maximumConnections: 1))
                await #expect(throws: Undo.self) {
                    try await pool.withTransaction(prelude: group.role == .app ? [setTenant] : []) { transaction in
                        for entry in group.entries {
                            do {
                                let effect = try await entry.run(&transaction)
                                #expect(effect == entry.effect, "\(entry.name)")
                            } catch {
                                Issue.record(
                                    "\(entry.name): \(error) \((error as? PostgresError)?.report?.message ?? "")")
                                throw Undo()
                            }
                        }
                        throw Undo()
                    }
                }
                pool.close()
            }
        }
    }

    @Test func `Every statement of the sources is in the catalogue`() async throws {
        let written = try SourceStatements.names()
        #expect(written.count > 100)
        try await withMigratedDatabase { server in
            let catalogue = try await StatementCatalogue(FilledBusiness(in: server, slug: "one"))
            let listed = Set(try catalogue.groups.flatMap(\.entries).map(\.name)).filter { !$0.hasPrefix("test.") }
            #expect(written.subtracting(listed).subtracting(Self.ofMigrator) == [], "not in the catalogue")
            #expect(listed.subtracting(written) == [], "not in the sources")
        }
    }

    @Test func `A statement's name stands for one text form of the code, and says what it is about`() throws {
        for name in try SourceStatements.names() {
            #expect(name.wholeMatch(of: /[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*/) != nil, "\(name)")
        }
    }
}

/// The names of statements that stand in `Sources/CRM`.
enum SourceStatements {
    struct Unreadable: Error {
        let file: String
        let text: String
    }

    /// - Throws: ``Unreadable`` for a statement whose name cannot be found, so that none is overlooked.
    static func names() throws -> Set<String> {
        let folder = sqlDirectory.deletingLastPathComponent().appending(path: "Sources/CRM")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var names: Set<String> = []
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /Statement(<[^\n{]*>)?\(\s*(effect:\s*)?/) {
                names.formUnion(try Self.names(at: match.range.upperBound, in: text, file.lastPathComponent))
            }
            // A kind of record names the statements that all kinds share.
            for table in text.matches(of: /statements: \.init\((.|\n)*?\)/) {
                names.formUnion(table.0.matches(of: /[a-z]+: "([a-z_]+\.[a-z_]+)"/).map { String($0.1) })
            }
            // And so do trees, and what others are linked to.
            for named in text.matches(of: /(TreeLink\.parent\(|statement: )"([a-z_]+\.[a-z_]+)"/) {
                names.insert(String(named.2))
            }
        }
        return names
    }

    private static func names(at index: String.Index, in text: String, _ file: String) throws -> [String] {
        let rest = text[index...].prefix(200)
        if let name = rest.prefixMatch(of: /"([^"\\]+)"/) { return [String(name.1)] }
        if let choice = rest.prefixMatch(of: /[^"]*\? "([^"]+)" : "([^"]+)"/) {
            return [String(choice.1), String(choice.2)]
        }
        if rest.prefixMatch(of: /(Self\.)?table\.statements\.|tree\.statement|target\.statement/) != nil { return [] }
        // A constant of the same file.
        if let constant = rest.prefixMatch(of: /([a-z][A-Za-z]*)\s*,/),
            let value = try text.firstMatch(
                of: Regex("static let \(constant.1): StaticString = \"([^\"]+)\"", as: (Substring, Substring).self))
        {
            return [String(value.1)]
        }
        throw Unreadable(file: file, text: String(rest.prefix(60)))
    }
}
