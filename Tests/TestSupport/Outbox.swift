public import Foundation
public import Mail

/// A maildir of a test's own, as a mail program sees it.
public struct Outbox: Sendable {
    public let directory: URL

    public init() {
        directory = FileManager.default.temporaryDirectory.appending(path: "outbox-\(UUID().uuidString)")
    }

    public func transport() -> MaildirTransport { MaildirTransport(path: directory.path) }

    /// Every message that was delivered, by file name, which names the invitation.
    public func letters() throws -> [Letter] {
        let folder = directory.appending(path: "new")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { Letter(name: $0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) }
    }

    public func remove() throws {
        if FileManager.default.fileExists(atPath: directory.path) { try FileManager.default.removeItem(at: directory) }
    }
}

/// Lends a maildir and removes it afterwards.
public func withOutbox<Result>(_ body: (Outbox) async throws -> Result) async throws -> Result {
    let outbox = Outbox()
    let result: Result
    do { result = try await body(outbox) } catch {
        try? outbox.remove()
        throw error
    }
    try outbox.remove()
    return result
}

/// A message of a maildir, taken apart just far enough for assertions.
public struct Letter: Sendable {
    /// The invitation's id in lower case.
    public let invitation: String
    public let headers: [String: String]
    public let text: String
    public let html: String

    init(name: String, _ content: String) {
        invitation = String(name.prefix { $0 != "." })
        let (headers, body) = Self.split(content[...])
        self.headers = headers
        let boundary = headers["Content-Type"]?.components(separatedBy: "\"").dropFirst().first ?? "none"
        let parts = body.components(separatedBy: "--\(boundary)").map { Self.split($0.drop { $0 == "\n" }) }
        func part(_ type: String) -> String {
            guard let (headers, body) = parts.first(where: { $0.headers["Content-Type"]?.hasPrefix(type) == true })
            else {
                return ""
            }
            return headers["Content-Transfer-Encoding"] == "base64" ? Self.base64(body) : Self.quotedPrintable(body)
        }
        text = part("text/plain")
        html = part("text/html")
    }

    public var recipient: String { headers["Delivered-To"] ?? "" }

    /// The token of the links.
    public var token: String {
        headers["List-Unsubscribe"]?.firstMatch(of: /\/u\/([0-9a-z]{52})>/).map { String($0.1) } ?? ""
    }

    private static func split(_ content: Substring) -> (headers: [String: String], body: String) {
        guard let end = content.firstRange(of: "\n\n") else { return ([:], "") }
        let lines = content[..<end.lowerBound].replacing("\n ", with: " ").split(separator: "\n").map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        return (Dictionary(lines, uniquingKeysWith: { first, _ in first }), String(content[end.upperBound...]))
    }

    private static func base64(_ body: String) -> String {
        Data(base64Encoded: body.filter { !$0.isNewline }).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func quotedPrintable(_ body: String) -> String {
        var bytes: [UInt8] = []
        var rest = body.replacing("=\n", with: "").utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "="), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
