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

    /// The folder of the uploads is none that this process may use.
    public struct Unusable: Error, CustomStringConvertible {
        let directory: URL
        public var description: String {
            "\(directory.path) is no folder that can be read: set MEHVAR_SPOOL_DIR to one that this user may write to"
        }
    }

    /// Removes what a server that died left behind. For a start, before requests come.
    ///
    /// - Throws: ``Unusable`` for a folder that is there and cannot be read, which uploads would find out one by one.
    public func removeLeftovers() throws {
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        // No folder, no leftovers.
        guard manager.fileExists(atPath: directory.path, isDirectory: &isFolder) else { return }
        // Asked for what is in a file, Foundation says nothing.
        guard isFolder.boolValue else { throw Unusable(directory: directory) }
        let files: [URL]
        do {
            files = try manager.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        } catch {
            throw Unusable(directory: directory)
        }
        for file in files where file.pathExtension == "upload" { Self.remove(file) }
    }

    /// Stores the body, lends the file with the SHA-256 of its bytes, and removes it.
    func withFile<Result>(
        _ request: Request, types: [String], _ body: (_ file: URL, _ digest: [UInt8]) async throws -> Result
    ) async throws -> Result {
        try Body.check(request, types: types, takesGzip: true)
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
            do {
                for try await buffer in body {
                    guard Int(offset) + buffer.readableBytes <= limit else {
                        throw RequestProblem.tooLarge(limit: limit)
                    }
                    buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
                    offset += try await handle.write(contentsOf: buffer.readableBytesView, toAbsoluteOffset: offset)
                }
            } catch  where !(error is FileSystemError || error is RequestProblem || error is CancellationError) {
                throw Body.brokenOff
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
