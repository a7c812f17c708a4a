import Foundation

/// An encoded message or part, taken apart just far enough for assertions.
struct Parsed {
    let lines: [String]
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    init(_ bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        let head = text.firstRange(of: "\r\n\r\n").map { text[..<$0.lowerBound] } ?? text[...]
        lines = text.components(separatedBy: "\r\n")
        body = Array(text.utf8.dropFirst(head.utf8.count + 4))
        headers = head.replacing("\r\n ", with: " ").split(separator: "\r\n").map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
    }

    subscript(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// The parts of a multipart body.
    var parts: [Parsed] {
        guard let boundary = self["Content-Type"]?.components(separatedBy: "\"").dropFirst().first else { return [] }
        return String(decoding: body, as: UTF8.self).components(separatedBy: "--\(boundary)")
            .dropFirst().dropLast().map { Parsed($0.utf8.dropFirst(2).dropLast(2)) }
    }

    /// The body with its transfer encoding undone.
    var content: String {
        let text = String(decoding: body, as: UTF8.self)
        guard self["Content-Transfer-Encoding"] == "base64" else {
            var bytes: [UInt8] = []
            var rest = text.replacing("=\r\n", with: "").utf8[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "=") else {
                    bytes.append(byte)
                    continue
                }
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        return Data(base64Encoded: text, options: .ignoreUnknownCharacters).map { String(decoding: $0, as: UTF8.self) }
            ?? "not base64"
    }

    /// The encoded-words of a header's value.
    static func words(_ value: String) -> [String] {
        value.split(separator: " ").filter { $0.hasPrefix("=?") }.map(String.init)
    }

    /// What the encoded-words of a header's value say, each decoded alone; `nil` if one of them is not UTF-8.
    static func decoded(_ value: String) -> String? {
        var text = ""
        for word in words(value) {
            guard word.hasPrefix("=?UTF-8?B?"), word.hasSuffix("?="),
                let data = Data(base64Encoded: String(word.dropFirst(10).dropLast(2))),
                let part = String(data: data, encoding: .utf8)
            else { return nil }
            text += part
        }
        return text
    }
}
