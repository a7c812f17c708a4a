import CRM
import Foundation
import Postgres
import Testing

@Suite("A bad file")
struct ImportRefusalTests {
    /// A file of customers, and where and how it is bad.
    struct BadFile: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
        let places: [String]

        init(_ description: String, _ text: String, _ places: String...) {
            self.init(description, bytes: Array(text.utf8), places)
        }

        init(_ description: String, bytes: [UInt8], _ places: [String]) {
            testDescription = description
            self.bytes = bytes
            self.places = places
        }
    }

    static let badFiles: [BadFile] = [
        BadFile("empty", "", "1 - empty_file"),
        BadFile("only line ends", "\r\n\r\n", "1 - empty_file"),
        BadFile("only a header", "reference,name\n", "1 - empty_file"),
        BadFile("an unknown column", "reference,name,colour\n1,a,b", "1 - unknown_column"),
        BadFile(
            "semicolons", "reference;name\n1;a", "1 - unknown_column"),
        BadFile("a column without a name", "reference,name,\n1,a,b", "1 - unknown_column"),
        BadFile("a missing key", "name,email\na,a@b.example", "1 reference missing_column"),
        BadFile("a new customer without a name", "reference,email\n1,a@b.example", "2 name required"),
        BadFile("a doubled column", "reference,name,Name\n1,a,b", "1 name duplicate_column"),
        BadFile("too few cells", "reference,name\n1,a\n2\n3,c", "3 - cell_count"),
        BadFile("too many cells", "reference,name\n1,a\n2,b,c", "3 - cell_count"),
        BadFile("empty required cells", "reference,name\n,a\n2, ", "2 reference required", "3 name required"),
        BadFile(
            "bad enumerations", "reference,name,kind,stage,consent\n1,a,robot,new,maybe",
            "2 kind invalid", "2 stage invalid", "2 consent invalid"),
        BadFile("bad addresses", "reference,name,email,phone\n1,a,nobody,12", "2 email invalid", "2 phone invalid"),
        BadFile(
            "bad language and zone", "reference,name,language,time_zone\n1,a,Farsi,Tehran",
            "2 language invalid", "2 time_zone unknown"),
        BadFile(
            "long values",
            "reference,name\n\(String(repeating: "1", count: 101)),\(String(repeating: "ن", count: 201))",
            "2 reference length", "2 name length"),
        BadFile(
            "a megabyte in a cell", "reference,name\n1,\(String(repeating: "x", count: 1 << 20))\n2,b\n,c",
            "2 name too_long", "4 reference required"),
        BadFile(
            "Latin-1", bytes: Array("reference,name\n1,M".utf8) + [0xFC] + Array("ller\n".utf8), ["2 name not_utf8"]),
        BadFile(
            "UTF-16", bytes: [0xFF, 0xFE] + "reference,name\n1,a".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
            ["1 - zero_byte", "1 - zero_byte"]),
        BadFile("a zero byte", "reference,name\n1,a\0b", "2 name zero_byte"),
        BadFile("a stray quote", "reference,name\n1,a\"b\n2,\"c\"d", "2 name stray_quote", "3 name stray_quote"),
        BadFile("an open quote", "reference,name\n1,a\n2,\"b\n3,c\n", "3 name unterminated_quote"),
        BadFile(
            "a doubled reference", "reference,name\n1,a\n2,b\n\n1,c\n2,d\n1,e",
            "5 reference duplicate", "6 reference duplicate", "7 reference duplicate"),
    ]

    @Test("a file whose columns are divided otherwise is told how to say so")
    func delimiter() async throws {
        try await ImportFixture.with { fixture in
            let errors = try await fixture.refusal { try await fixture.customers("reference;name\n1;a") }
            #expect(errors.first?.detail.contains("?delimiter=semicolon") == true, "\(errors)")
            let other = try await fixture.refusal { try await fixture.customers("colour\n1") }
            #expect(other.first?.detail.contains("delimiter") == false, "\(other)")
        }
    }

    @Test("is refused whole with row, column and reason", arguments: badFiles)
    func refused(file: BadFile) async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers("reference,name\n0,Before")
            let before = try await fixture.everything()
            let errors = try await fixture.refusal { try await fixture.customers(bytes: file.bytes) }
            #expect(places(errors) == file.places)
            #expect(try await fixture.everything() == before)
            // The connection serves the next import.
            #expect(try await counts(fixture.customers("reference,name\n0,Before\n9,After")) == [2, 1, 0, 1])
        }
    }

    @Test("names both rows of a duplicate")
    func duplicates() async throws {
        try await ImportFixture.with { fixture in
            let errors = try await fixture.refusal { try await fixture.customers("reference,name\n1,a\n2,b\n1,c") }
            #expect(errors.map(\.detail) == ["\"1\" stands also in row 2."])
            #expect(errors.map(\.pointer) == ["/4/reference"])
        }
    }

    @Test("tells as many bad rows as are kept, in their order")
    func hundred() async throws {
        try await ImportFixture.with(limits: ImportLimits(maximumRejectedOfWhole: 100)) { fixture in
            let rows = (1...300).map { $0 % 2 == 0 ? "\($0),good\n" : "\($0),\n" }.joined()
            let errors = try await fixture.refusal { try await fixture.customers("reference,name\n" + rows) }
            #expect(errors.compactMap(\.row) == (0..<100).map { 2 + 2 * $0 })
            #expect(try await fixture.count("SELECT count(*) FROM crm.customer") == 0)
        }
    }

    @Test("is refused beyond the limits of rows and columns")
    func limits() async throws {
        try await ImportFixture.with(limits: ImportLimits(maximumRows: 2, maximumColumns: 3)) { fixture in
            #expect(try await counts(fixture.customers("reference,name\n1,a\n2,b")) == [2, 2, 0, 0])
            let rows = try await fixture.refusal { try await fixture.customers("reference,name\n1,a\n2,b\n3,c") }
            #expect(rows.map(\.code) == ["too_many_rows"])
            let columns = try await fixture.refusal { try await fixture.customers("reference,name,kind,stage\n1,a,,") }
            #expect(places(columns) == ["1 - too_many_columns"])
        }
    }

    @Test("of orders is refused whole as well")
    func orders() async throws {
        try await ImportFixture.with { fixture in
            _ = try await fixture.customers("reference,name\n1,One")
            let before = try await fixture.everything()
            let cases: [(String, [String])] = [
                ("customer_ref,ordered_on\n1,2026-01-01", ["1 amount missing_column"]),
                (
                    "customer_ref,ordered_on,amount,quantity,currency\n1,2026-02-30,1e3,0,rial\n1,1404-13-01,1,1,IRR",
                    [
                        "2 ordered_on invalid", "2 amount invalid", "2 quantity invalid", "2 currency invalid",
                        "3 ordered_on invalid",
                    ]
                ),
                (
                    "customer_ref,ordered_on,amount\n1,2026-01-01,1\n7,2026-01-01,1\n1,2026-01-01,1\n8,2026-01-01,1",
                    ["3 customer_ref unknown_customer", "5 customer_ref unknown_customer"]
                ),
                (
                    "customer_ref,ordered_on,amount,order_ref\n1,2026-01-01,1,A\n9,2026-01-01,1,B\n1,2026-01-01,1,A",
                    ["3 customer_ref unknown_customer", "4 order_ref duplicate"]
                ),
            ]
            for (file, expected) in cases {
                #expect(try await places(fixture.refusal { try await fixture.orders(file) }) == expected)
                #expect(try await fixture.everything() == before)
            }
        }
    }
}
