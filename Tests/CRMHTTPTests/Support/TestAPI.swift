import CRM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// The whole interface over a test's database.
struct TestAPI: Sendable {
    let wire: TestWire
    /// The key that requests carry.
    var key: String?
    /// What the server says of requests that failed.
    let log: CapturedLog

    /// - Parameters:
    ///   - pool: connects as the application; by default to the database itself.
    ///   - isLive: over a real connection instead of straight to what answers.
    ///   - uploadLimit: most bytes of an upload.
    static func with(
        _ server: TestDatabase, key: String? = nil, pool: Pool? = nil, access: AccessControl? = nil,
        isLive: Bool = false, uploadLimit: Int = 1 << 20,
        _ body: @Sendable (TestAPI) async throws -> Void
    ) async throws {
        let spool = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: spool) }
        let database = Database(pool: pool ?? Pool(server.configuration(user: "mehvar_app")))
        let log = CapturedLog()
        let logger = log.logger(level: .error)
        let control: AccessControl
        if let access { control = access } else { control = try await AccessControl(database: database, cost: .low) }
        let api = API(
            database: database, imports: database, platform: server.platform, access: control,
            spool: UploadSpool(directory: spool, limit: uploadLimit))
        @Sendable func tested(_ wire: TestWire) async throws {
            try await body(TestAPI(wire: wire, key: key, log: log))
            let left =
                FileManager.default.fileExists(atPath: spool.path)
                ? try FileManager.default.contentsOfDirectory(atPath: spool.path) : []
            guard left.isEmpty else { throw UploadsLeft(files: left) }
        }
        if isLive {
            try await LiveServer.with(api.responder(), logger: logger) { server in
                try await TestWire.to(server) { try await tested($0) }
            }
        } else {
            try await Application(responder: api.responder(), logger: logger).test(.router) { client in
                try await tested(.direct(client))
            }
        }
    }

    /// What was uploaded was not removed.
    struct UploadsLeft: Error {
        let files: [String]
    }

    func send(_ request: TestRequest) async throws -> Answer {
        var headers = request.headers
        if let key, headers[.authorization] == nil { headers[.authorization] = "Bearer \(key)" }
        if let type = request.type { headers[.contentType] = type }
        return Answer(
            try await wire.execute(
                request.path, request.method, headers: headers, body: request.body.map { ByteBuffer(string: $0) }))
    }

    /// Posts whatever bytes.
    func send(
        _ bytes: Data, to path: String, headers: HTTPFields = [.contentType: "application/json"]
    ) async throws -> Answer {
        var headers = headers
        if let key { headers[.authorization] = "Bearer \(key)" }
        return Answer(
            try await wire.execute(path, .post, headers: headers, body: ByteBuffer(bytes: Array(bytes))))
    }

    /// An answer whose body is no text.
    func bytes(_ path: String, headers: HTTPFields) async throws -> (headers: HTTPFields, body: [UInt8]) {
        var headers = headers
        if let key { headers[.authorization] = "Bearer \(key)" }
        let response = try await wire.execute(path, .get, headers: headers)
        return (response.head.headerFields, Array((response.body ?? ByteBuffer()).readableBytesView))
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> Answer {
        try await send(TestRequest(.get, path, headers: headers))
    }

    func post(_ path: String, _ body: String? = nil, headers: HTTPFields = [:]) async throws -> Answer {
        try await send(TestRequest(.post, path, body, headers: headers))
    }

    func delete(_ path: String) async throws -> Answer { try await send(TestRequest(.delete, path)) }

    func patch(_ path: String, _ body: String, headers: HTTPFields = [:]) async throws -> Answer {
        try await send(TestRequest(.patch, path, body, headers: headers))
    }
}

extension TestAPI {
    /// Gives the id of a new customer.
    func addCustomer(_ body: String) async throws -> String {
        let answer = try await post("/v1/customers", body)
        try #require(answer.status == 201, "\(answer)")
        return try #require(try answer.text("id"))
    }
}

extension API {
    /// The interface of a business's database, which is not served.
    static func of(_ business: Business) async throws -> API {
        API(
            database: business.database, imports: business.database, platform: business.server.platform,
            access: try await business.access(), spool: UploadSpool(directory: FileManager.default.temporaryDirectory))
    }
}

struct TestRequest: Sendable {
    var method: HTTPRequest.Method
    var path: String
    var body: String?
    var type: String?
    var headers: HTTPFields

    /// - Parameter type: of the body, if there is one.
    init(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, type: String? = "application/json",
        headers: HTTPFields = [:]
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.type = body == nil ? nil : type
        self.headers = headers
    }
}

struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: String

    init(_ response: TestClient.Response) {
        status = response.head.status.code
        headers = response.head.headerFields
        body = response.body.map { String(buffer: $0) } ?? ""
    }

    /// The body's value at a path such as `errors/0/pointer`; null for what is not there.
    func value(_ path: String = "") throws -> JSONNode {
        var node = try JSONDecoder().decode(JSONNode.self, from: Data(body.utf8))
        for step in path.split(separator: "/") {
            switch node {
            case .object(let members): node = members[String(step)] ?? .null
            case .array(let items): node = Int(step).flatMap { items.indices.contains($0) ? items[$0] : nil } ?? .null
            default: node = .null
            }
        }
        return node
    }

    func text(_ path: String) throws -> String? {
        if case .string(let text) = try value(path) { text } else { nil }
    }

    func number(_ path: String) throws -> Int? {
        if case .number(let number) = try value(path) {
            Int(exactly: NSDecimalNumber(decimal: number).doubleValue)
        } else {
            nil
        }
    }

    func list(_ path: String) throws -> [JSONNode] {
        if case .array(let items) = try value(path) { items } else { [] }
    }

    /// The ids of a list's items.
    func ids() throws -> [String] {
        try list("data").indices.compactMap { try text("data/\($0)/id") }
    }

    /// Pointer and code of each error of a problem.
    func errors() throws -> [String] {
        try list("errors").indices.map { index in
            "\(try text("errors/\(index)/pointer") ?? "-") \(try text("errors/\(index)/code") ?? "-")"
        }
    }
}
