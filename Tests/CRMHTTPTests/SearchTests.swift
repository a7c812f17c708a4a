import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// One box for whatever somebody knows of a customer.
@Suite("Search")
struct SearchTests {
    private static func names(_ api: TestAPI, _ text: String, limit: Int = 20) async throws -> [String] {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        let query = try #require(text.addingPercentEncoding(withAllowedCharacters: allowed))
        let answer = try await api.get("/v1/customers/search?q=\(query)&limit=\(limit)")
        try #require(answer.status == 200, "\(answer)")
        return try answer.list("data").indices.compactMap { try answer.text("data/\($0)/customer/name") }
    }

    private static func add(_ api: TestAPI, _ body: String) async throws {
        let answer = try await api.post("/v1/customers", body)
        try #require(answer.status == 201, "\(answer)")
    }

    @Test func `A customer is found by a name in any script, its beginning, and with a slip of the pen`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            try await Self.add(api, #"{"name": "مینا کریمی", "names": {"Latn": "Mina Karimi"}}"#)
            try await Self.add(api, #"{"name": "علی رضایی"}"#)
            try await Self.add(api, #"{"name": "Thomas Reed"}"#)
            for text in [
                "مینا کریمی", "کریمی مینا", "مينا كريمي", "كري", "مینا‌ کریمی", "mina", "KARIMI", "kar min",
                "Mina  karimi!",
                // Letters left out, doubled, mistaken and changed over.
                "karmi", "karrimi", "karimu", "kairmi", "کریی", "کرییمی", "کریمو",
            ] {
                #expect(try await Self.names(api, text) == ["مینا کریمی"], "\(text)")
            }
            for text in [
                "karimi reed", "ka rimi", "xyzxyz", "رضا کریمی", "!", "'", "\\", "':*", "a & b | !c", "%", "\u{200C}",
            ] {
                #expect(try await Self.names(api, text) == [], "\(text)")
            }
        }
    }

    @Test func `A name is found whether it is written as one word or as two`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for name in ["محمدرضا کریمی", "محمد رضا احمدی", "محمد‌رضا نجفی"] {
                try await Self.add(api, #"{"name": "\#(name)"}"#)
            }
            for text in ["محمدرضا کریمی", "محمد رضا کریمی", "کریمی محمد رضا"] {
                #expect(try await Self.names(api, text) == ["محمدرضا کریمی"], "\(text)")
            }
            for text in ["محمدرضا احمدی", "محمد رضا احمدی"] {
                #expect(try await Self.names(api, text) == ["محمد رضا احمدی"], "\(text)")
            }
            #expect(try await Self.names(api, "محمد رضا").count == 3)
        }
    }

    @Test func `A customer is found by addresses, numbers and references, and those come first`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            try await Self.add(
                api,
                """
                {"name": "Sara", "reference": "B-77", "references": {"shop": "10077"}, "contact_points": [
                    {"channel": "email", "address": "Sara.R@Readers.example"},
                    {"channel": "phone", "address": "+98 912 345 6789"}, {"channel": "sms", "address": "021-555 44 33"}]}
                """)
            try await Self.add(api, #"{"name": "Omid 10077"}"#)
            for text in [
                "sara.r@readers.example", "SARA.R@read", "09123456789", "+98 912 345 6789", "۰۹۱۲۳۴۵۶۷۸۹", "3456789",
                "6789",
                "0215554433", "B-77", "b-77",
            ] {
                #expect(try await Self.names(api, text) == ["Sara"], "\(text)")
            }
            // By what stands before the @, and by how that begins.
            for text in ["sara.r", "SARA.", "sar"] { #expect(try await Self.names(api, text) == ["Sara"], "\(text)") }
            try await Self.add(
                api, #"{"name": "M", "contact_points": [{"channel": "email", "address": "kian_z@a.example"}]}"#)
            for text in ["kian_z", "kian", "Kia"] { #expect(try await Self.names(api, text) == ["M"], "\(text)") }
            // Whose name before the @ it is comes before those who are called like it, and before those whose begins so.
            for number in 0..<12 {
                try await Self.add(
                    api,
                    #"{"name": "Kin \#(number)", "contact_points": [{"channel": "email", "address": "kian\#(number)@a.example"}]}"#
                )
            }
            try await Self.add(
                api, #"{"name": "N", "contact_points": [{"channel": "email", "address": "kian@b.example"}]}"#)
            #expect(try await Self.names(api, "kian", limit: 5).first == "N")
            for text in ["10077", "۱۰۰۷۷"] {
                #expect(try await Self.names(api, text) == ["Sara", "Omid 10077"], "\(text)")
            }
            for text in ["789", "912345", "@readers.example", "readers.example"] {
                #expect(try await Self.names(api, text) == [], "\(text)")
            }
        }
    }

    @Test func `A number of Iran is found however it is written, and by its beginning`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for (name, number) in [
                ("Home", "۰۹۱۲ ۳۴۵ ۶۷۸۹"), ("Abroad", "+98 913 345 6789"), ("Other", "+49 170 1234567"),
            ] {
                try await Self.add(
                    api, #"{"name": "\#(name)", "contact_points": [{"channel": "sms", "address": "\#(number)"}]}"#)
            }
            for text in [
                "09123456789", "+989123456789", "00989123456789", "989123456789", "9123456789", "+98 (0)912 345 6789",
                "0912 3", "0912 345", "+98 912 34",
            ] { #expect(try await Self.names(api, text) == ["Home"], "\(text)") }
            for text in ["09133456789", "+98 913 345", "0913345"] {
                #expect(try await Self.names(api, text) == ["Abroad"], "\(text)")
            }
            for text in ["+491701234567", "+49 170 12", "01701234567"] {
                #expect(try await Self.names(api, text) == ["Other"], "\(text)")
            }
            for text in ["+98 914", "0919 345", "+491701234568"] {
                #expect(try await Self.names(api, text).isEmpty, "\(text)")
            }
            // One customer has it once.
            let twice = #"""
                {"name": "Twice", "contact_points": [{"channel": "sms", "address": "0912 000 0000"},
                    {"channel": "sms", "address": "+98 912 000 0000"}]}
                """#
            let refused = try await api.post("/v1/customers", twice)
            #expect(try refused.status == 422 && refused.text("errors/0/pointer") == "/contact_points/1/address")
        }
    }

    @Test func `Those who are gone take nobody's place among who is found by an address`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            for number in 0..<12 {
                let id = try await business.customer("Gone \(number)", email: "info@shop\(number).example").id
                #expect(try await api.delete("/v1/customers/\(id)").status == 204)
            }
            _ = try await business.customer("Kept", email: "info@zoo.example")
            #expect(try await Self.names(api, "info") == ["Kept"])
            // Nor do they keep a slip of the pen from being mended.
            let gone = try await business.customer("Zed", email: "sarra@a.example").id
            #expect(try await api.delete("/v1/customers/\(gone)").status == 204)
            _ = try await business.customer("Sara")
            #expect(try await Self.names(api, "sarra") == ["Sara"])
        }
    }

    @Test func `The best comes first, and no more than are asked for`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for name in ["Karimian Reza", "Reza Karimi", "Karimi", "Mohammad Reza Karimi Nejad"] {
                try await Self.add(api, #"{"name": "\#(name)"}"#)
            }
            #expect(try await Self.names(api, "karimi").first == "Karimi")
            #expect(try await Self.names(api, "reza karimi").first == "Reza Karimi")
            #expect(try await Self.names(api, "karimi").count == 4)
            #expect(try await Self.names(api, "karimi", limit: 2) == ["Karimi", "Reza Karimi"])
        }
    }

    @Test func `What changes is found as it is, and what is deleted is not`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let id = try await business.customer("Ada Lovelace", email: "ada@old.example", reference: "1").id
            _ = try await api.patch(
                "/v1/customers/\(id)",
                #"{"name": "Ada King", "contact_points": [{"channel": "email", "address": "ada@new.example"}]}"#)
            for text in ["lovelace", "ada@old.example"] { #expect(try await Self.names(api, text) == [], "\(text)") }
            #expect(try await Self.names(api, "king") == ["Ada King"])
            #expect(try await Self.names(api, "ada@new.example") == ["Ada King"])
            #expect(try await api.delete("/v1/customers/\(id)").status == 204)
            for text in ["king", "ada@new.example", "1"] { #expect(try await Self.names(api, text) == [], "\(text)") }
            #expect(try await api.post("/v1/customers/\(id)/restore").status == 200)
            #expect(try await Self.names(api, "king") == ["Ada King"])
        }
    }

    @Test func `Nobody finds the customers of another business, whatever they know`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let stranger = try await Business(in: fixture.business.server, slug: "stranger")
            let customer = try await stranger.customer("Zahra Ebadi", email: "zahra@e.example", reference: "Z-1")
            _ = try await stranger.customers.update(stranger.context, customer.id, ifVersion: nil) { values in
                var values = values
                values.references = ["shop": "Z-2"]
                values.contactPoints += [ContactPoint(channel: .phone, address: "09351112233", isPrimary: true)]
                return values
            }
            for text in ["Zahra Ebadi", "zahra", "zahrq", "zahra@e.example", "Z-1", "Z-2", "09351112233"] {
                #expect(try await Self.names(api, text) == [], "\(text)")
                let own = try await stranger.customers.search(stranger.context, text)
                #expect(own.map(\.customer.id) == [customer.id], "\(text)")
            }
        }
    }

    @Test func `A search says what for`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let nothing = try await api.get("/v1/customers/search")
            #expect(try nothing.status == 400 && nothing.errors() == ["q required"])
            #expect(try await api.get("/v1/customers/search?q=%20").errors() == ["q length"])
            #expect(try await api.get("/v1/customers/search?q=a&limit=51").errors() == ["limit range"])
            let long = String(repeating: "a%20", count: 100)
            #expect(try await api.get("/v1/customers/search?q=\(long)").status == 200)
        }
    }
}
