/// The text of a file that is kept in chunks, from some place on.
struct ImportSource {
    /// Bytes of a chunk, but for the last.
    static let chunkSize = 256 * 1024
    /// Chunks of a file at most that has no more than some ten thousand rows.
    static let chunksOfSmall = 16

    typealias Fetch = @Sendable (_ number: Int) async throws -> [UInt8]?

    private let fetch: Fetch
    private let gunzip: Gunzip?
    private let limit: Int
    /// The next chunk's number.
    private(set) var chunksRead: Int
    /// Bytes to pass over.
    private var skipped: Int
    private var size: Int

    init(isGzip: Bool, from place: Int, limit: Int, fetch: @escaping Fetch) throws {
        self.fetch = fetch
        self.limit = limit
        gunzip = isGzip ? try Gunzip() : nil
        // What is compressed is read from its beginning on.
        (chunksRead, skipped) = isGzip ? (0, place) : place.quotientAndRemainder(dividingBy: Self.chunkSize)
        size = isGzip ? 0 : place - skipped
    }

    /// The next bytes; `nil` at the end.
    ///
    /// - Throws: ``ImportFault`` for what cannot be unpacked, and for more than is taken.
    mutating func next() async throws -> [UInt8]? {
        while true {
            guard let piece = try await piece() else { return nil }
            size += piece.count
            if size > limit { throw ImportFault("too_large", "The text has more than \(limit) bytes.") }
            if skipped == 0 { return piece }
            guard piece.count > skipped else {
                skipped -= piece.count
                continue
            }
            let rest = Array(piece[skipped...])
            skipped = 0
            return rest
        }
    }

    private mutating func piece() async throws -> [UInt8]? {
        guard let gunzip else { return try await chunk() }
        while true {
            if let piece = try gunzip.next() { return piece }
            guard let chunk = try await chunk() else {
                try gunzip.finish()
                return nil
            }
            gunzip.feed(chunk)
        }
    }

    private mutating func chunk() async throws -> [UInt8]? {
        guard let chunk = try await fetch(chunksRead) else { return nil }
        chunksRead += 1
        return chunk
    }

    /// A row's bytes as text that PostgreSQL keeps, without the end of its line.
    static func content(_ bytes: some Collection<UInt8>, _ encoding: ImportOptions.Encoding) -> String {
        var bytes = Array(bytes.drop { $0 == Byte.lineFeed || $0 == Byte.carriageReturn })
        while bytes.last == Byte.lineFeed || bytes.last == Byte.carriageReturn { bytes.removeLast() }
        bytes.removeAll { $0 == 0 }
        return bytes.withUnsafeBufferPointer { encoding.text($0) ?? String(decoding: $0, as: UTF8.self) }
    }
}
