import CRM
import Crypto
public import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import _NIOFileSystem

/// Keeps an uploaded body in a file of bounded size until it is worked on, so that a slow client holds no connection to the
/// database.
public struct UploadSpool: Sendable {
    let directory: URL
    /// Most bytes of one upload.
    let limit: Int

    public init(directory: URL, limit: Int = 1024 * 1024 * 1024) {
        self.directory = directory
        self.limit = limit
    }

    /// Removes what a server that died left behind. For a start, before requests come.
    public func removeLeftovers() {
        let manager = FileManager.default
        // No folder, no leftovers.
        let files = (try? manager.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)) ?? []
        for file in files where file.pathExtension == "upload" { Self.remove(file) }
    }

    /// Stores the body, lends the file with the SHA-256 of its bytes, and removes it.
    func withFile<Result>(
        _ request: Request, type: String, _ body: (_ file: URL, _ digest: [UInt8]) async throws -> Result
    ) async throws -> Result {
        guard let sent = request.headers[.contentType], Body.mediaType(sent) == type else {
            throw RequestProblem.unsupportedMediaType(expected: type)
        }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit {
            throw RequestProblem.tooLarge(limit: limit)
        }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let file = directory.appending(path: UUID().uuidString.lowercased() + ".upload")
        let stored: Result
        do {
            stored = try await body(file, try await write(request.body, to: file))
        } catch {
            Self.remove(file)
            throw error
        }
        Self.remove(file)
        return stored
    }

    /// - Returns: the SHA-256 of what was written.
    private func write(_ body: RequestBody, to file: URL) async throws -> [UInt8] {
        try await FileSystem.shared.withFileHandle(
            forWritingAt: FilePath(file.path),
            options: .newFile(replaceExisting: false, permissions: [.ownerReadWrite])
        ) { handle in
            var offset: Int64 = 0
            var hash = SHA256()
            for try await buffer in body {
                guard Int(offset) + buffer.readableBytes <= limit else { throw RequestProblem.tooLarge(limit: limit) }
                buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
                offset += try await handle.write(contentsOf: buffer.readableBytesView, toAbsoluteOffset: offset)
            }
            return Array(hash.finalize())
        }
    }

    /// A file that is not there was removed by somebody else, which is as good.
    private static func remove(_ file: URL) {
        do { try FileManager.default.removeItem(at: file) } catch CocoaError.fileNoSuchFile {} catch {
            FileHandle.standardError.write(Data("cannot remove \(file.path): \(error)\n".utf8))
        }
    }
}
