import Foundation
import HTTPTypes
import NIOCore
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Compression")
struct CompressionTests {
    @Test(arguments: [
        ("gzip", true), ("br, gzip;q=0.5", true), ("GZIP", true), ("x-gzip", true), ("*", true),
        ("deflate, *;q=0.1", true),
        ("", false), ("br", false), ("gzip;q=0", false), ("*;q=0", false), ("gzip; q=0.000, *", false),
        ("identity", false),
    ])
    func `Who takes gzip says so`(field: String, accepts: Bool) {
        #expect(Compression.accepts(field) == accepts)
        #expect(!Compression.accepts(nil))
    }

    @Test func `A long answer is sent as gzip to who takes it, and is the same`() async throws {
        try await HTTPFixture.with(isLive: true) { fixture in
            _ = try await fixture.business.customers(20)
            let plain = try await fixture.api.get("/v1/customers")
            #expect(plain.headers[.contentEncoding] == nil)
            #expect(plain.headers[.vary] == "Authorization, Origin, Accept-Encoding")
            let packed = try await fixture.api.bytes("/v1/customers", headers: [.acceptEncoding: "gzip"])
            #expect(packed.headers[.contentEncoding] == "gzip")
            #expect(packed.body.count < plain.body.utf8.count / 3)
            #expect(try await gunzip(packed.body) == plain.body)
        }
    }

    @Test func `A short answer is sent as it is`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.get("/v1/segments", headers: [.acceptEncoding: "gzip"])
            #expect(answer.headers[.contentEncoding] == nil && answer.headers[.vary] == "Authorization, Origin")
        }
    }

    /// What the system's gzip makes of it.
    private func gunzip(_ bytes: [UInt8]) async throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).gz")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await Tool.run("gzip", ["-dc", file.path])
    }
}
