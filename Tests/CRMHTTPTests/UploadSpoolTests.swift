import Foundation
import Testing

@testable import CRMHTTP

@Suite("Where uploads wait")
struct UploadSpoolTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func `A start removes what a server that died left, and nothing else`() throws {
        try withFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["a.upload", "b.upload", "notes.txt"] { try Data().write(to: folder.appending(path: name)) }
            try UploadSpool(directory: folder).removeLeftovers()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["notes.txt"])
        }
    }

    @Test func `A folder that is not there yet is no fault, and what is none is told before requests come`() throws {
        try withFolder { folder in
            try UploadSpool(directory: folder).removeLeftovers()
            try Data("a file".utf8).write(to: folder)
            #expect(throws: UploadSpool.Unusable.self) { try UploadSpool(directory: folder).removeLeftovers() }
        }
    }
}
