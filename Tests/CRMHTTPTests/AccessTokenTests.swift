import CRM
import Crypto
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// Access tokens as somebody would make them who must not get in.
@Suite("Access tokens")
struct AccessTokenTests {
    private struct Parts {
        var header: [String: String]
        var payload: [String: Any]
        let signature: String

        init(_ token: String) throws {
            let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            header = try Parts.object(parts[0]) as? [String: String] ?? [:]
            payload = try Parts.object(parts[1])
            signature = parts[2]
        }

        private static func object(_ text: String) throws -> [String: Any] {
            let padded = text.replacing("-", with: "+").replacing("_", with: "/")
            let data = Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4)) ?? Data()
            return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        }

        func unsigned() throws -> String {
            let (header, payload) = (
                try JSONSerialization.data(withJSONObject: header), try JSONSerialization.data(withJSONObject: payload)
            )
            return Parts.encoded(header) + "." + Parts.encoded(payload)
        }

        static func encoded(_ data: Data) -> String {
            data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
    }

    @Test func `A token that is malformed, unsigned, changed or signed otherwise opens nothing`() async throws {
        try await HTTPFixture.with { fixture in
            let (_, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let (_, viewer) = try await fixture.business.signedIn(as: [.viewer], named: "Vida", access: fixture.access)
            let token = tokens.accessToken
            #expect(try await fixture.with(key: token).get("/v1/customers").status == 200)
            let parts = try Parts(token)
            func forged(_ change: (inout Parts) -> Void, _ signature: (String) -> String) throws -> String {
                var forged = parts
                change(&forged)
                let text = try forged.unsigned()
                return text + "." + signature(text)
            }
            func hmac(_ key: String) -> (String) -> String {
                { text in
                    let code = HMAC<SHA256>.authenticationCode(
                        for: Data(text.utf8), using: SymmetricKey(data: Data(key.utf8)))
                    return Parts.encoded(Data(code))
                }
            }
            let viewersSession = try #require(try Parts(viewer.accessToken).payload["sid"])
            let wrong = [
                "eyJ", "a.b.c", "..", token + "A", String(token.dropLast()), token + ".x",
                token.prefix(20) + " " + token.dropFirst(20),
                String(repeating: "e", count: 5000),
                try forged({ $0.header["alg"] = "none" }, { _ in "" }),
                try forged({ $0.header["alg"] = "None" }, { _ in parts.signature }),
                try forged({ $0.header["alg"] = "RS256" }, { _ in parts.signature }),
                try forged({ $0.header["alg"] = "HS512" }, hmac("")),
                try forged({ $0.header["kid"] = nil }, { _ in parts.signature }),
                try forged({ $0.header["kid"] = "../../dev/null" }, hmac("")),
                try forged({ _ in }, hmac("")), try forged({ _ in }, hmac("secret")),
                // What one token says, with the signature of another.
                try forged({ $0.payload["sid"] = viewersSession }, { _ in parts.signature }),
                try forged({ $0.payload["exp"] = 4_000_000_000 }, { _ in parts.signature }),
                try forged({ $0.payload["tid"] = UUID().uuidString }, { _ in parts.signature }),
            ]
            for text in wrong {
                let answer = try await fixture.with(key: text).get("/v1/customers")
                #expect(answer.status == 401, "\(text)")
            }
        }
    }

    @Test func `A token is good for a quarter of an hour and no longer`() async throws {
        try await HTTPFixture.with { fixture in
            let (_, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let parts = try Parts(tokens.accessToken)
            let (begin, end) = (
                try #require(parts.payload["iat"] as? Double), try #require(parts.payload["exp"] as? Double)
            )
            #expect(end - begin == 900)
            let reader = fixture.access.tokens
            #expect(await reader.isBelieved(tokens.accessToken, at: Date(timeIntervalSince1970: end - 1)))
            #expect(await !reader.isBelieved(tokens.accessToken, at: Date(timeIntervalSince1970: end)))
        }
    }

    @Test func `A key that signs no more is believed while it stands in the file, and not after`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "signing-keys.json")
        try SigningKeys.random().write(to: file)
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            func control() async throws -> AccessControl {
                try await AccessControl(database: business.database, signingKeys: file, cost: .low)
            }
            let (_, tokens) = try await business.signedIn(as: [.owner], access: try await control())
            func status() async throws -> Int {
                try await withStatus(server, try await control(), tokens.accessToken)
            }
            #expect(try await status() == 200)
            try SigningKeys(file: file).rotated(keeping: 1).write(to: file)
            #expect(try await status() == 200)
            let newer = try await business.signIn(email: "mira@team.example", access: try await control())
            #expect(
                try Parts(newer.accessToken).header["kid"] != Parts(tokens.accessToken).header["kid"])
            try SigningKeys(file: file).rotated(keeping: 1).write(to: file)
            #expect(try await status() == 401)
            #expect(try await withStatus(server, try await control(), newer.accessToken) == 200)
        }
    }

    private func withStatus(_ server: TestDatabase, _ access: AccessControl, _ token: String) async throws -> Int {
        let status = Outcome()
        try await TestAPI.with(server, key: token, access: access) { api in
            status.value = try await api.get("/v1/customers").status
        }
        return status.value
    }

    @Test(arguments: [
        "", "{}", #"{"keys": []}"#, #"{"keys": [{"kty": "oct", "kid": "a", "k": "c2hvcnQ"}]}"#,
        #"{"keys": [{"kty": "RSA", "kid": "a", "n": "x", "e": "AQAB"}]}"#,
    ])
    func `A file that holds no keys is refused with its name, and nothing that stands in it`(text: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(
            FileManager.default.createFile(
                atPath: file.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
        let error = #expect(throws: SigningKeysError.self) { try SigningKeys(file: file) }
        #expect(error?.description.hasPrefix(file.path) == true)
        #expect(error?.description.contains("c2hvcnQ") == false)
    }

    @Test func `A file that others can read is refused`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try SigningKeys.random().write(to: file)
        _ = try SigningKeys(file: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
        #expect(throws: SigningKeysError.self) { try SigningKeys(file: file) }
    }
}
