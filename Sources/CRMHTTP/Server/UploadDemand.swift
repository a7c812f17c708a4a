import NIOCore

/// Told when more of a body is wanted, or none.
final class UploadDemand: NIOAsyncSequenceProducerDelegate {
    private let loop: any EventLoop
    private let changed: @Sendable (_ isOver: Bool) -> Void

    init(loop: any EventLoop, changed: @escaping @Sendable (_ isOver: Bool) -> Void) {
        self.loop = loop
        self.changed = changed
    }

    func produceMore() { loop.execute { [changed] in changed(false) } }
    func didTerminate() { loop.execute { [changed] in changed(true) } }
}

/// A body whose client waits to be told that it is wanted. (RFC 9110, section 10.1.1)
struct AwaitedBody<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == ByteBuffer {
    typealias Element = ByteBuffer

    let base: Base
    /// Called when somebody begins to read it.
    let isWanted: @Sendable () -> Void

    func makeAsyncIterator() -> Base.AsyncIterator {
        isWanted()
        return base.makeAsyncIterator()
    }
}
