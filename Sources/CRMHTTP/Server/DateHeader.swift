import Glibc
import Synchronization

/// The present time as `Date` says it, made once a second. (RFC 9110, section 5.6.7)
final class DateHeader: Sendable {
    private struct Made {
        var second = 0
        var text = ""
    }

    private let made = Mutex(Made())

    var text: String {
        let second = time(nil)
        return made.withLock { made in
            if made.second != second { made = Made(second: second, text: Self.text(second)) }
            return made.text
        }
    }

    /// The process keeps the locale `C`, whose names of days and months are those of the header.
    private static func text(_ second: Int) -> String {
        var (second, fields) = (second, tm())
        gmtime_r(&second, &fields)
        return String(unsafeUninitializedCapacity: 32) { text in
            text.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress, $0.count, "%a, %d %b %Y %H:%M:%S GMT", &fields)
            }
        }
    }
}
