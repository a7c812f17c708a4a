import Foundation
public import Postgres

/// A customer as a file has it: with the columns that an import takes, so that what goes out can come in again.
public struct ExportedCustomer: Sendable {
    let id: UUID
    let reference: String?
    let name: String
    let kind: String
    let stage: String
    let stageReason: String?
    let channels: ExportedChannels
    let language: String
    let timeZone: String?
    let birthDate: LocalDate?
    let source: String?
    let acquisitionAmount: Decimal?
    let acquisitionCurrency: String?
    let tags: [String]
    let markets: [String]
    let owner: String?
    let organisation: String?
    let names: JSONText
    let references: JSONText
    let attributes: JSONText
    let createdAt: Date
    let updatedAt: Date

    init(row: inout RowReader) throws {
        id = try row.next()
        reference = try row.nextIfPresent()
        name = try row.next()
        kind = try row.next()
        stage = try row.next()
        stageReason = try row.nextIfPresent()
        var channels = ExportedChannels()
        try channels.readAddresses(&row)
        language = try row.next()
        timeZone = try row.nextIfPresent()
        try channels.readConsents(&row)
        self.channels = channels
        birthDate = try row.nextIfPresent()
        source = try row.nextIfPresent()
        acquisitionAmount = try row.nextIfPresent()
        acquisitionCurrency = try row.nextIfPresent()
        tags = try row.next()
        markets = try row.next()
        owner = try row.nextIfPresent()
        organisation = try row.nextIfPresent()
        names = try row.next()
        references = try row.next()
        attributes = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension ExportedCustomer: ExportedRow {
    public static var kind: FileImport.Kind { .customers }

    public static func admit(_ context: TenantContext, _ filter: CustomerFilter) throws { try filter.admit(context) }

    public static func check(_ tenant: Tenant.ID, _ filter: CustomerFilter) throws -> Statement<Void>? {
        try filter.check(of: tenant)
    }

    public static func rows(
        _ tenant: Tenant.ID, _ filter: CustomerFilter, after last: Customer.ID?, limit: Int
    ) -> Statement<[ExportedCustomer]> {
        ExportStatements.customers(tenant, filter, after: last, limit: limit)
    }

    public var position: Customer.ID { Customer.ID(rawValue: id) }

    public static let columns = [
        "id", "reference", "name", "kind", "stage", "stage_reason", "email", "phone", "language", "time_zone",
        "consent",
        "birth_date", "source", "acquisition_amount", "acquisition_currency", "tags", "markets", "owner",
        "organisation",
        "names", "references", "attributes", "addresses", "consents", "consents_given_at", "created_at", "updated_at",
    ]

    public func write(to csv: inout CSVWriter) {
        csv.cell(id.text, isText: false)
        csv.cell(reference)
        csv.cell(name)
        csv.cell(kind, isText: false)
        csv.cell(stage, isText: false)
        csv.cell(stageReason)
        csv.cell(channels.email)
        csv.cell(channels.phone)
        csv.cell(language, isText: false)
        csv.cell(timeZone, isText: false)
        csv.cell(channels.consent.map { $0 ? "yes" : "no" }, isText: false)
        csv.cell(birthDate?.description, isText: false)
        csv.cell(source)
        csv.cell(acquisitionAmount?.description, isText: false)
        csv.cell(acquisitionCurrency, isText: false)
        csv.cell(Self.list(tags))
        csv.cell(Self.list(markets))
        csv.cell(owner)
        csv.cell(organisation)
        csv.cell(Self.object(names))
        csv.cell(Self.object(references))
        csv.cell(Self.object(attributes))
        csv.cell(Self.object(channels.addresses))
        csv.cell(Self.object(channels.consents))
        csv.cell(Self.object(channels.times))
        csv.cell(JSONCoding.rfc3339(createdAt), isText: false)
        csv.cell(JSONCoding.rfc3339(updatedAt), isText: false)
    }

    /// With semicolons between them; a JSON array where one of them has such.
    private static func list(_ texts: [String]) -> String? {
        if texts.isEmpty { return nil }
        if texts.contains(where: { $0.utf8.contains(Byte.semicolon) || $0.hasPrefix("[") }) {
            return String(decoding: JSONWriter.bytes(of: texts), as: UTF8.self)
        }
        return texts.count == 1 ? texts[0] : texts.joined(separator: ";")
    }

    private static func object(_ members: [String: some JSONRepresentable]) -> String? {
        members.isEmpty ? nil : String(decoding: JSONWriter.bytes(of: members), as: UTF8.self)
    }

    private static func object(_ json: JSONText) -> String? {
        json.utf8.count <= 2 ? nil : String(decoding: json.utf8, as: UTF8.self)
    }

    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member(named: "id", id)
            json.member(named: "reference", reference)
            json.member(named: "name", name)
            json.member(named: "kind", kind)
            json.member(named: "stage", stage)
            json.member(named: "stage_reason", stageReason)
            json.member(named: "email", channels.email)
            json.member(named: "phone", channels.phone)
            json.member(named: "language", language)
            json.member(named: "time_zone", timeZone)
            json.member(named: "consent", channels.consent)
            json.member(named: "birth_date", birthDate)
            json.member(named: "source", source)
            json.member(named: "acquisition_amount", acquisitionAmount?.description)
            json.member(named: "acquisition_currency", acquisitionCurrency)
            json.member(named: "tags", tags)
            json.member(named: "markets", markets)
            json.member(named: "owner", owner)
            json.member(named: "organisation", organisation)
            json.member(named: "names", Verbatim(json: names))
            json.member(named: "references", Verbatim(json: references))
            json.member(named: "attributes", Verbatim(json: attributes))
            json.member(named: "addresses", channels.addresses)
            json.member(named: "consents", channels.consents)
            json.member(named: "consents_given_at", channels.times)
            json.member(named: "created_at", createdAt)
            json.member(named: "updated_at", updatedAt)
        }
    }
}

/// JSON that is written as it is.
private struct Verbatim: JSONRepresentable {
    let json: JSONText

    static var schema: JSONSchema { .anything }
    func write(to json: inout JSONWriter) { json.verbatim(self.json.utf8) }
}
