import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The names in a maildir's `cur` without their flags, read again only when the directory has changed.
///
/// A directory's time stamp is only as fine as the kernel's tick, so a listing that was read less than two seconds after
/// the last change is not trusted the next time: a change in the same tick would not show.
final class MaildirListing: Sendable {
    struct Failure: Error {
        let code: Int32
    }

    private struct Stamp: Equatable {
        let seconds: Int
        let nanoseconds: Int
        let inode: UInt64
    }

    private struct State {
        var names: Set<String> = []
        var trusted: Stamp?
    }

    private let directory: String
    private let state = Mutex(State())

    init(directory: String) {
        self.directory = directory
    }

    /// Whether the directory holds `name`, alone or with flags (`name:2,…`). A directory that is missing holds nothing.
    func contains(_ name: String) throws(Failure) -> Bool {
        try state.withLock { state throws(Failure) in
            guard let (stamp, age) = try stamp() else { return false }
            if state.trusted != stamp {
                state.names = try read()
                state.trusted = age > 2 ? stamp : nil
            }
            return state.names.contains(name)
        }
    }

    /// The time of the last change and how many seconds ago it was.
    private func stamp() throws(Failure) -> (Stamp, age: Int)? {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw Failure(code: errno)
        }
        #if canImport(Darwin)
            let change = status.st_mtimespec
        #else
            let change = status.st_mtim
        #endif
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let stamp = Stamp(seconds: change.tv_sec, nanoseconds: change.tv_nsec, inode: UInt64(status.st_ino))
        return (stamp, now.tv_sec - change.tv_sec)
    }

    private func read() throws(Failure) -> Set<String> {
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw Failure(code: errno)
        }
        defer { closedir(stream) }
        var names: Set<String> = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            names.insert(String(name.prefix { $0 != ":" }))
            errno = 0
        }
        guard errno == 0 else { throw Failure(code: errno) }
        return names
    }
}
