import CRM
import Foundation
import TestSupport
import Testing

@Suite("Audit actions")
struct AuditActionTests {
    /// The first argument of whatever notes an event, where it is written out.
    private static func written() throws -> Set<String> {
        let folder = sqlDirectory.deletingLastPathComponent().appending(path: "Sources/CRM")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var found: Set<String> = []
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            for call in text.matches(of: /(?:Event\.record|[^a-z]record|Statements\.event)\(\s*([^,\n]*),/) {
                for name in call.1.matches(of: /"([a-z_]+\.[a-z_]+)"/) { found.insert(String(name.1)) }
            }
        }
        return found
    }

    @Test func `Every action that is noted is listed once, with its meaning`() throws {
        let listed = AuditAction.all.map(\.name)
        #expect(Set(listed).count == listed.count)
        let written = try Self.written()
        #expect(written.count > 30)
        #expect(written.subtracting(listed) == [])
        for action in AuditAction.all { #expect(action.meaning.hasSuffix("."), "\(action.name)") }
    }
}
