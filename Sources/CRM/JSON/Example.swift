import Foundation
import Postgres

/// Values of the examples in the API's documentation.
enum Example {
    /// 2026-11-22T08:30:00Z
    static let time = Date(timeIntervalSince1970: 1_795_336_200)
    static let later = time.addingTimeInterval(86_400)
    static let day = LocalDate("2026-11-22") ?? LocalDate(daysSince2000: 0)

    static let uuid = (id(7) as Tenant.ID).rawValue

    /// An id that tells examples of different kinds apart.
    static func id<Object>(_ number: UInt8 = 1) -> Identifier<Object> {
        Identifier(rawValue: UUID(uuid: (1, 0x9A, 0xAB, 0x50, 0xC4, 0xC0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number)))
    }
}
