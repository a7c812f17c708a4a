package import CEpoll

/// What a socket may be watched for, and what is told of it.
package struct SocketInterest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let none = SocketInterest(rawValue: 0)
    /// Something came, or nothing more will.
    package static let read = SocketInterest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
    package static let write = SocketInterest(rawValue: EPOLLOUT.rawValue)
    package static let readOrWrite = SocketInterest(rawValue: read.rawValue | write.rawValue)
    /// Both ends are closed, or the socket failed; always told.
    package static let gone = SocketInterest(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

extension SocketInterest {
    /// Whether any of the other is in it.
    package func touches(_ other: SocketInterest) -> Bool { rawValue & other.rawValue != 0 }
}

/// Who is told that a socket is ready.
package protocol SocketWatcher: AnyObject {
    /// On the thread that watches. May come once more for a socket that was used before, and so has to bear finding nothing.
    func socketIsReady(_ interest: SocketInterest)
}

package struct SocketWatch: Sendable {
    let slot: Int
}

/// Whom a ``Poller`` tells of which socket; for its thread alone.
final class SocketWatchers: @unchecked Sendable {
    @exclusivity(unchecked) private var bySlot: [(any SocketWatcher)?] = []
    @exclusivity(unchecked) private var free: [Int] = []

    func add(_ watcher: any SocketWatcher) -> SocketWatch {
        if let slot = free.popLast() {
            bySlot[slot] = watcher
            return SocketWatch(slot: slot)
        }
        bySlot.append(watcher)
        return SocketWatch(slot: bySlot.count - 1)
    }

    func remove(_ watch: SocketWatch) {
        bySlot[watch.slot] = nil
        free.append(watch.slot)
    }

    subscript(slot: Int) -> (any SocketWatcher)? { bySlot[slot] }
}
