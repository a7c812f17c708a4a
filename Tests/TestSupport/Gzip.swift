import Foundation

/// What the program gzip makes of bytes.
public func gzip(_ bytes: [UInt8]) async throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "plain-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file.appendingPathExtension("gz")) }
    try await Tool.run("gzip", [file.path])
    return Array(try Data(contentsOf: file.appendingPathExtension("gz")))
}

/// As many bytes of one letter as four gigabytes, in four megabytes of gzip: one piece of 64 MB after the other.
public func gzipBomb(of letter: Character) async throws -> [UInt8] {
    let piece = try await gzip([UInt8](repeating: letter.asciiValue ?? 0, count: 64 << 20))
    return Array([[UInt8]](repeating: piece, count: 64).joined())
}
