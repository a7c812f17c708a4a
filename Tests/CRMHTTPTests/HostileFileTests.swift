import CRM
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Files as programs write them, and as those do who mean harm.
@Suite("Files of all kinds")
struct HostileFileTests {
    private static let csv: HTTPFields = [.contentType: "text/csv"]
    private static let packed: HTTPFields = [.contentType: "text/csv", .contentEncoding: "gzip"]

    private static func code(_ answer: Answer) throws -> String? { try answer.text("errors/0/code") }

    /// The codes of the rows that were wrong.
    private static func rejected(_ report: Answer, _ fixture: HTTPFixture) async throws -> [String] {
        let id = try #require(try report.text("id"), "\(report)")
        let rows = try await fixture.api.get("/v1/customers/imports/\(id)/rejected-rows")
        return try rows.list("data").indices.compactMap { try rows.text("data/\($0)/errors/0/code") }
    }

    @Test func `A file that is compressed, and one in the encoding of old Persian programs, come in as they are meant`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let file = try await gzip(Array("reference,name\n1,Ada\n2,مینا\n".utf8))
            let report = try await fixture.upload(.customers, Data(file), headers: Self.packed)
            #expect(try report.number("created") == 2 && report.number("size") == file.count, "\(report)")
            // سلام
            let name: [UInt8] = [0xD3, 0xE1, 0xC7, 0xE3]
            let old = Data(Array("reference,name\n3,".utf8) + name)
            let headers: HTTPFields = [.contentType: "text/csv; charset=windows-1256"]
            let read = try await fixture.upload(.customers, old, headers: headers)
            #expect(try read.number("created") == 1 && read.text("encoding") == "windows-1256", "\(read)")
            let found = try await fixture.api.get("/v1/customers?filter[reference]=3")
            #expect(try found.text("data/0/name") == "سلام")
            // The same bytes as what they are not: nothing of the row is guessed.
            let wrong = try await fixture.upload(.customers, old, headers: Self.csv)
            #expect(try await Self.rejected(wrong, fixture) == ["not_utf8"])
            // As the client says, and not as the bytes look.
            let plain = try await fixture.upload(.customers, "reference,name\n4,Four\n", type: "text/csv")
            #expect(try plain.number("created") == 1)
            let unpacked = try await fixture.upload(
                .customers, Data("reference,name\n5,Five\n".utf8), headers: Self.packed)
            #expect(try unpacked.status == 422 && Self.code(unpacked) == "unreadable", "\(unpacked)")
        }
    }

    @Test(arguments: ["", "reference,name\n1,", "reference,name\n1,One\n2,"])
    func `Four gigabytes in four megabytes are not unpacked further than a row may be long`(beginning: String)
        async throws
    {
        try await HTTPFixture.with(uploadLimit: 8 << 20) { fixture in
            let packed = try await gzip(Array(beginning.utf8))
            let bomb = packed + (try await gzipBomb(of: "a"))
            #expect(bomb.count < 5 << 20)
            let answer = try await fixture.upload(.customers, Data(bomb), headers: Self.packed)
            if answer.status == 422 {
                #expect(try Self.code(answer) == "too_large", "\(answer)")
            } else {
                // A row comes before it, so that the file is taken in.
                #expect(beginning.contains("One"))
                #expect(try answer.text("state") == "failed" && answer.text("failure/code") == "too_large", "\(answer)")
            }
        }
    }

    @Test func `A million cells are counted, and those of a header refused`() async throws {
        try await HTTPFixture.with { fixture in
            let many = String(repeating: ",", count: 1_000_000)
            let header = try await fixture.upload(
                .customers, Data("reference,name\(many)\n1,One\n".utf8), headers: Self.csv)
            #expect(try header.status == 422 && header.list("errors").count == 20, "\(header)")
            #expect(try Self.code(header) == "unknown_column")
            let row = try await fixture.upload(
                .customers, "reference,name\n1,One\n2,Two\(many)\n3,Three\n", type: "text/csv")
            #expect(try row.text("state") == "done" && row.number("created") == 2, "\(row)")
            #expect(try await Self.rejected(row, fixture) == ["cell_count"])
        }
    }

    @Test func `A line of brackets is no JSON, however deep it goes`() async throws {
        try await HTTPFixture.with { fixture in
            let longest = 64 * 1024
            let lines = [
                String(repeating: "[", count: longest), String(repeating: "[", count: longest + 1),
                String(repeating: "[", count: longest / 2) + String(repeating: "]", count: longest / 2),
                String(repeating: #"{"a":"#, count: longest / 5),
                #"{"reference": "1", "name": "One", "attributes": \#(String(repeating: #"{"a":"#, count: 10_000))"#,
                #"{"reference": "2", "name": "Two"}"#,
            ]
            let report = try await fixture.upload(
                .customers, lines.joined(separator: "\n") + "\n", type: "application/x-ndjson")
            #expect(try report.text("state") == "done" && report.number("created") == 1, "\(report)")
            #expect(
                try await Self.rejected(report, fixture) == [
                    "malformed", "too_long", "malformed", "malformed", "malformed",
                ])
        }
    }
}
