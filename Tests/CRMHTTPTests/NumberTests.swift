import Postgres
import TestSupport
import Testing

@testable import CRM

/// The two places that say which numbers are one.
@Suite("Telephone numbers")
struct NumberTests {
    @Test func `What is one number to the service is one to the database`() async throws {
        let ends = ["9123456789", "2188776655", "912345678", "91234567890", "0123456789"]
        let written = ["", "0", "98", "980", "+98", "+980", "0098", "00980", "+9800", "+49", "0049", "098"].flatMap {
            begin in
            ends.map { begin + $0 }
        }
        let random = (0..<2000).map { _ in
            (["", "+", "0", "00", "+98", "98"].randomElement() ?? "")
                + String((0..<Int.random(in: 4...12)).map { _ in "0189".randomElement() ?? "9" })
        }
        let numbers = written + random
        try await withMigratedDatabase { server in
            let keys = try await Connection.with(server.configuration()) { connection in
                try await connection.run(
                    Statement(
                        "test.keys",
                        """
                        SELECT crm.address_key('sms', n.number) FROM unnest(\(numbers)) WITH ORDINALITY AS n (number, place)
                        ORDER BY n.place
                        """, all: { try $0.next(String.self) }))
            }
            for (number, key) in zip(numbers, keys) {
                let point = ContactPoint(channel: .sms, address: number, isPrimary: false)
                #expect(point.spelling == key, "\(number)")
            }
            #expect(Set(keys.prefix(written.count)).count < written.count && keys.count == numbers.count)
        }
    }
}
