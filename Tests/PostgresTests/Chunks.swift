import Synchronization

/// A source of chunks for COPY that counts what was asked of it.
struct Chunks: AsyncSequence {
    typealias Element = [UInt8]

    /// How many chunks were asked for.
    let asked = Shared(0)
    private let chunk: @Sendable (Int) async throws -> [UInt8]?

    /// - Parameter chunk: the chunk of this number, from 0; `nil` ends the sequence.
    init(_ chunk: @escaping @Sendable (Int) async throws -> [UInt8]?) { self.chunk = chunk }

    /// The bytes cut into pieces of these sizes in turn.
    init(_ bytes: [UInt8], cutAt sizes: [Int]) {
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = sizes[pieces.count % sizes.count]
            pieces.append(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        self.init { [pieces] number in number < pieces.count ? Array(pieces[number]) : nil }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(asked: asked, chunk: chunk) }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let asked: Shared<Int>
        fileprivate let chunk: @Sendable (Int) async throws -> [UInt8]?
        private var number = 0

        fileprivate init(asked: Shared<Int>, chunk: @escaping @Sendable (Int) async throws -> [UInt8]?) {
            self.asked = asked
            self.chunk = chunk
        }

        mutating func next() async throws -> [UInt8]? {
            asked.change { $0 += 1 }
            defer { number += 1 }
            return try await chunk(number)
        }
    }
}
