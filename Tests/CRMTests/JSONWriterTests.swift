import Foundation
import Postgres
import Testing

@testable import CRM

@Suite("Writing JSON")
struct JSONWriterTests {
    private func text(_ value: some JSONRepresentable, _ selection: Set<String>? = nil) -> String {
        String(decoding: JSONWriter.bytes(of: value, selection: selection), as: UTF8.self)
    }

    private func node(_ value: some JSONRepresentable) throws -> JSONNode {
        try JSONDecoder().decode(JSONNode.self, from: Data(JSONWriter.bytes(of: value)))
    }

    @Test func `Texts come back as they were, whatever is in them`() throws {
        let texts = [
            "", "plain", "\"quoted\" \\ back", "line\nfeed\r\ttab", "\u{0}\u{1}\u{1F}\u{7F}", "مینا کریمی", "نیم‌فاصله",
            "👩‍👩‍👧‍👦", "a\u{2028}b", "</script>",
        ]
        for value in texts { #expect(try node(value) == .string(value)) }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var value = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x2FFF, using: &generator)) {
                    value.append(scalar)
                }
            }
            #expect(try node(String(value)) == .string(String(value)))
        }
    }

    @Test func `Numbers are written exactly, and what is no number as null`() throws {
        #expect(text(0) == "0" && text(-7) == "-7" && text(Int.max) == "9223372036854775807")
        #expect(text(9.0) == "9" && text(0.1) == "0.1" && text(-1.5e-7) == "-1.5e-07" && text(1e300) == "1e+300")
        #expect(text(Double.nan) == "null" && text(Double.infinity) == "null")
        for number in [0.1, 1 / 3, 12_345.678, 1e-300, .greatestFiniteMagnitude] {
            #expect(Double(text(number)) == number)
        }
    }

    @Test func `Times are RFC 3339 in UTC with microseconds, in every year that PostgreSQL and the calendar share`() {
        let times: [(Double, String)] = [
            (0, "1970-01-01T00:00:00.000000Z"), (1_795_336_200, "2026-11-22T08:30:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"), (951_868_799.999999, "2000-02-29T23:59:59.999999Z"),
            (-0.000001, "1969-12-31T23:59:59.999999Z"), (4_107_542_399, "2100-02-28T23:59:59.000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000000Z"), (-62_135_596_800, "0001-01-01T00:00:00.000000Z"),
        ]
        for (seconds, expected) in times { #expect(text(Date(timeIntervalSince1970: seconds)) == "\"\(expected)\"") }
        // Before 1582 Foundation counts by the Julian calendar.
        let formatter = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
        for day in stride(from: -141_000, to: 2_900_000, by: 9_973) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 3_723)
            #expect(text(date) == "\"\(date.formatted(formatter).dropLast()).000000Z\"")
        }
    }

    @Test func `Ids are in lower case, days as they are`() throws {
        let id = try #require(Customer.ID("019AAB50-C4C0-7000-8000-00000000000F"))
        #expect(text(id) == "\"019aab50-c4c0-7000-8000-00000000000f\"")
        #expect(text(try #require(LocalDate("2026-11-22"))) == "\"2026-11-22\"")
    }

    @Test func `Members stand in the order in which they are told, absent ones as null`() throws {
        var customer = Customer.example
        #expect(
            text(customer).hasPrefix(#"{"id":"019aab50-c4c0-7000-8000-000000000001","kind":"person","stage":"actual""#))
        var values = CustomerValues(name: "A")
        values.stage = .lost
        customer = Customer(
            id: customer.id, values: values, stageChangedAt: customer.createdAt, version: 1,
            createdAt: customer.createdAt, updatedAt: customer.updatedAt)
        #expect(text(customer).contains(#""reference":null"#) && text(customer).contains(#""attributes":{}"#))
        #expect(text(customer).contains(#""contact_points":[]"#))
    }

    @Test func `A selection keeps members of the outermost object, and of the items of a page`() {
        #expect(
            text(Customer.example, ["stage", "contact_points"]) == """
                {"stage":"actual","contact_points":[{"channel":"email","address":"mina@readers.example","is_primary":true,"type":"home",\
                "verified_at":"2026-11-22T08:30:00.000000Z"}]}
                """)
        let page = Page(items: [Customer.example, .example], nextCursor: "abc")
        #expect(text(page, ["stage"]) == #"{"data":[{"stage":"actual"},{"stage":"actual"}],"next_cursor":"abc"}"#)
        #expect(text(Customer.example, []) == "{}")
    }

    @Test func `An object is described by what it tells`() {
        let schema = Customer.schema
        #expect(schema.name == "Customer")
        #expect(
            schema.properties.map(\.name) == [
                "id", "kind", "stage", "stage_reason", "reference", "references", "name", "names", "birth_date",
                "language",
                "time_zone", "organisation_id", "owner_id", "source", "acquisition_cost", "market_ids", "tags",
                "attributes", "contact_points", "stage_changed_at", "version", "created_at", "updated_at",
            ])
        let reference = schema.properties[4]
        #expect(reference.schema == JSONSchema.string.nullable && reference.isPersonal)
        #expect(schema.properties[0].schema.identifies == "customer")
        #expect(schema.properties[1].schema.choices == ["person", "organisation"])
    }
}
