#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files of a maildir (https://cr.yp.to/proto/maildir.html). Its calls block.
final class Maildir: Sendable {
    private let path: String
    private let listing: MaildirListing

    init(path: String) {
        self.path = path
        listing = MaildirListing(directory: "\(path)/cur")
    }

    /// Whether a reader would find the mail.
    func holds(_ id: DeliveryID) throws(MailError) -> Bool {
        let name = Self.name(id)
        if isThere("\(path)/new/\(name)") { return true }
        return try isRead(name)
    }

    /// Writes the mail unless it stands there already.
    ///
    /// - Returns: Whether this call added it.
    func add(_ mail: OutgoingMail) throws(MailError) -> Bool {
        if try holds(mail.id) { return false }
        let name = Self.name(mail.id)
        let temporary = "\(path)/tmp/\(name).\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let added = "\(path)/new/\(name)"
        try write(Self.file(mail), to: temporary)
        defer { unlink(temporary) }
        guard link(temporary, added) == 0 else {
            if errno == EEXIST { return false }
            throw Self.error("add to", errno)
        }
        // Another attempt may have been delivered and moved to cur between the first look and the link.
        do throws(MailError) {
            if try isRead(name), unlink(added) == 0 { return false }
        } catch {
            // It is delivered, and perhaps twice: who asks again finds out.
            throw MailError(
                kind: .unknown, stage: .content, code: nil, enhancedStatus: nil, reply: nil, reason: error.reason)
        }
        try flush("\(path)/new")
        return true
    }

    private static func name(_ id: DeliveryID) -> String { "\(id).mehvar" }

    private func isRead(_ name: String) throws(MailError) -> Bool {
        if isThere("\(path)/cur/\(name)") || isThere("\(path)/cur/\(name):2,S") { return true }
        do throws(MaildirListing.Failure) {
            return try listing.contains(name)
        } catch {
            throw Self.error("read", error.code)
        }
    }

    private func isThere(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    private func write(_ content: [UInt8], to file: String) throws(MailError) {
        var descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0, errno == ENOENT {
            try makeDirectories()
            descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { throw Self.error("write to", errno) }
        let failure = content.withUnsafeBytes { bytes -> Int32? in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                let count = systemWrite(descriptor, start, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { return errno }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return fsync(descriptor) == 0 ? nil : errno
        }
        let closing = close(descriptor) == 0 ? nil : errno
        if let code = failure ?? closing {
            unlink(file)
            throw Self.error("write to", code)
        }
    }

    /// Makes the link durable. If that fails the mail may or may not survive a crash.
    private func flush(_ directory: String) throws(MailError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("flush", errno, kind: .unknown) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.error("flush", errno, kind: .unknown) }
    }

    private func makeDirectories() throws(MailError) {
        var parent = ""
        let components = path.split(separator: "/").map(String.init)
        for component in components {
            parent += "/" + component
            try makeDirectory(parent)
        }
        // tmp last: who finds it may rely on the others.
        for name in ["new", "cur", "tmp"] { try makeDirectory("\(parent)/\(name)") }
    }

    private func makeDirectory(_ directory: String) throws(MailError) {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST || isThere(directory) else {
            throw Self.error("make", errno)
        }
    }

    /// The message with its envelope, in lines that end in LF.
    private static func file(_ mail: OutgoingMail) -> [UInt8] {
        var lines = ["Return-Path: <\(mail.returnPath?.address ?? "")>"]
        lines += mail.recipients.map { "Delivered-To: \($0.address)" }
        var file = Array(lines.joined(separator: "\n").utf8) + [0x0A]
        file.reserveCapacity(file.count + mail.content.count)
        var rest = mail.content[...]
        while let end = rest.firstIndex(of: 0x0D) {
            file += rest[..<end]
            rest = rest[(end + 1)...]
            if rest.first != 0x0A { file.append(0x0D) }
        }
        return file + rest
    }

    private static func error(_ verb: String, _ code: Int32, kind: MailError.Kind = .temporary) -> MailError {
        MailError(kind: kind, stage: .content, reason: "cannot \(verb) the maildir: \(String(cString: strerror(code)))")
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
