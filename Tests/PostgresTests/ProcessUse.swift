import Foundation
import Glibc

/// What this process has of the machine, from `/proc/self`.
enum ProcessUse {
    struct Unreadable: Error {}

    /// Resident memory, in bytes.
    static func memory() throws -> Int { try status("VmRSS:") * 1024 }

    static func threads() throws -> Int { try status("Threads:") }

    static func fileDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    /// Time that the processors worked for this process.
    static func processorTime() -> Duration {
        // A million ticks a second, by POSIX.
        .microseconds(clock())
    }

    /// The number in a line of `/proc/self/status`.
    private static func status(_ field: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field) }),
            let number = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().first.flatMap({ Int($0) })
        else { throw Unreadable() }
        return number
    }
}
