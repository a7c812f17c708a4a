import Foundation
import JobQueue
import Postgres

/// A customer as a file has it.
struct CustomerRecord: ImportRecord {
    enum Column: Int, ImportColumn {
        case reference, name, kind, stage, stageReason, email, phone, language, timeZone, consent, birthDate, source,
            acquisitionAmount, acquisitionCurrency, tags, markets, owner, organisation, id, names, references,
            attributes, addresses, consents, consentsGivenAt

        static let columnNames = [
            "reference", "name", "kind", "stage", "stage_reason", "email", "phone", "language", "time_zone", "consent",
            "birth_date", "source", "acquisition_amount", "acquisition_currency", "tags", "markets", "owner",
            "organisation", "id", "names", "references", "attributes", "addresses", "consents", "consents_given_at",
        ]
        static let aliases: [String: Column] = [
            "نام": .name, "نام و نام خانوادگی": .name, "نام مشتری": .name, "full name": .name, "full_name": .name,
            "کد مشتری": .reference, "کد": .reference, "شماره مشتری": .reference, "customer_id": .reference,
            "ایمیل": .email, "پست الکترونیک": .email, "email_address": .email, "e-mail": .email,
            "تلفن": .phone, "موبایل": .phone, "شماره تماس": .phone, "تلفن همراه": .phone, "mobile": .phone,
            "زبان": .language, "تاریخ تولد": .birthDate, "birthday": .birthDate, "برچسب": .tags, "برچسب‌ها": .tags,
            "بازار": .markets, "سازمان": .organisation, "شرکت": .organisation, "market": .markets, "tag": .tags,
        ]
        var isRequired: Bool { false }
        var family: TextRule? {
            switch self {
            case .names: CustomerRules.script
            case .references: CustomerRules.system
            case .attributes: .words(100)
            case .addresses, .consents, .consentsGivenAt: ImportedChannels.name
            default: nil
            }
        }
    }

    /// The columns that nearly all files have.
    static let usual: Set<String> = [
        "reference", "name", "kind", "stage", "email", "phone", "language", "time_zone", "consent",
    ]

    var id: UUID?
    /// What the customer is found by.
    var key = ""
    var reference: String?
    var name: String?
    var kind: Customer.Kind?
    var stage: Customer.Stage?
    var stageReason: String?
    var email: String?
    var phone: String?
    var language: String?
    var timeZone: String?
    var consent: Bool?
    var birthDate: LocalDate?
    var source: String?
    var amount: PlainAmount?
    var currency: String?
    var tags: [String] = []
    var markets: [UUID] = []
    var owner: UUID?
    var organisation: String?
    var names: [String: String] = [:]
    var references: [String: String] = [:]
    var attributes: [String: JSONNode] = [:]
    var channels = ImportedChannels()

    init?(_ cells: inout ImportCells<Column>, _ terms: CustomerImportTerms) {
        reference = cells.text(.reference, CustomerRules.check(reference:_:))
        name = cells.text(.name, CustomerRules.check(name:_:))
        kind = cells.value(.kind, "person or organisation.", Customer.Kind.init(rawValue:))
        stage = cells.value(.stage, "potential, actual or lost.", Customer.Stage.init(rawValue:))
        email = cells.text(.email, Self.rule(of: .email))
        phone = cells.text(.phone, Self.rule(of: .phone))
        language = cells.text(.language, CustomerRules.check(language:_:))
        timeZone = cells.text(.timeZone, CustomerRules.check(timeZone:_:))
        consent = cells.value(.consent, "yes or no.", Self.flag)
        if terms.hasDetails { readDetails(&cells, terms) }
        readKey(&cells, terms.key)
        if !cells.errors.isEmpty { return nil }
    }

    private mutating func readDetails(_ cells: inout ImportCells<Column>, _ terms: CustomerImportTerms) {
        stageReason = cells.text(.stageReason, Self.rule(CustomerRules.stageReason))
        birthDate = cells.value(.birthDate, "A day as YYYY-MM-DD, of the Gregorian or the Persian calendar.") { text in
            PlainNumber.day(text, from: 1800).flatMap { CustomerRules.isBirthDate($0) ? $0 : nil }
        }
        source = cells.text(.source, Self.rule(CustomerRules.source))
        amount = cells.value(.acquisitionAmount, PlainAmount.detail) { text in
            PlainAmount(text).flatMap { $0.tenThousandths >= 0 ? $0 : nil }
        }
        currency = cells.text(.acquisitionCurrency, Self.rule(.currency))
        if amount != nil { currency = currency ?? terms.currency }
        if amount == nil { currency = nil }
        tags = cells.list(.tags)
        if tags.count > CustomerRules.maximumTags || tags.contains(where: { CustomerRules.tag.fault(of: $0) != nil }) {
            cells.report(.tags, "length", "At most \(CustomerRules.maximumTags), of 100 characters each.")
        }
        for name in cells.list(.markets) {
            if let market = terms.market(name, &cells), !markets.contains(market) { markets.append(market) }
        }
        if markets.count > CustomerRules.maximumMarkets {
            cells.report(.markets, "too_many", "At most \(CustomerRules.maximumMarkets).")
        }
        owner = cells.text(.owner).flatMap { terms.owner($0, &cells) }
        organisation = cells.text(.organisation, CustomerRules.check(reference:_:))
        if organisation != nil, kind == .organisation {
            cells.report(.organisation, "not_allowed", "Only persons belong to organisations.")
        }
        let own: [ContactPoint] = [(.email, email), (.phone, phone)].compactMap { channel, address in
            address.map { ContactPoint(channel: channel, address: $0, isPrimary: true) }
        }
        channels = ImportedChannels(&cells, beside: own, zone: terms.zone, consent: &consent)
        names = cells.texts(.names, CustomerRules.name)
        references = cells.texts(.references, CustomerRules.reference)
        for (name, value) in cells.family(.attributes) {
            if let value = terms.attribute(name, value, &cells) { attributes[name] = value }
        }
        if names.count > CustomerRules.maximumNames {
            cells.report(.names, "too_many", "At most \(CustomerRules.maximumNames).")
        }
        if references.count > CustomerRules.maximumReferences {
            cells.report(.references, "too_many", "At most \(CustomerRules.maximumReferences).")
        }
        if !attributes.isEmpty, JSONWriter.bytes(of: attributes).count > CustomerRules.maximumAttributesBytes {
            cells.report(
                .attributes, "too_large", "At most \(CustomerRules.maximumAttributesBytes) bytes of JSON.")
        }
    }

    private mutating func readKey(_ cells: inout ImportCells<Column>, _ key: CustomerImportKey) {
        if case .id = key {
            id = cells.value(.id, "The id of a customer.", UUID.init(uuidString:))
        }
        let value: String? =
            switch key {
            case .reference: reference
            case .email: email
            case .phone: phone
            case .id: id?.uuidString
            case .system(let name): references[name]
            }
        if let value {
            self.key = value
        } else if cells.errors.isEmpty {
            switch key {
            case .system(let name): cells.report(.references, name, "required", CustomerImportKey.detail)
            case .reference: cells.report(.reference, "required", CustomerImportKey.detail)
            case .email: cells.report(.email, "required", CustomerImportKey.detail)
            case .phone: cells.report(.phone, "required", CustomerImportKey.detail)
            case .id: cells.report(.id, "required", CustomerImportKey.detail)
            }
        }
    }

    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes", "true", "1", "بله", "بلی": true
        case "no", "false", "0", "خیر", "نه": false
        default: nil
        }
    }

    private static func rule(_ rule: TextRule) -> (String, (_ code: String, _ detail: String) -> Void) -> Void {
        { text, report in
            if let fault = rule.fault(of: text) { report(fault.code, fault.detail) }
        }
    }

    private static func rule(
        of channel: ContactPoint.Channel
    ) -> (String, (_ code: String, _ detail: String) -> Void) -> Void {
        { CustomerRules.check(ContactPoint(channel: channel, address: $0, isPrimary: true), $1) }
    }

    var lacksReference: Bool { false }

    static let fieldCount = 29

    func write(row: Int, to fields: inout CopyRow) {
        fields.append(Int32(clamping: row))
        fields.append(UUID.v7())
        fields.append(id)
        fields.append(key)
        fields.append(reference)
        fields.append(name)
        fields.append(kind)
        fields.append(stage)
        fields.append(stageReason)
        fields.append(language)
        fields.append(timeZone)
        fields.append(email.map { _ in UUID.v7() })
        fields.append(email)
        fields.append(phone.map { _ in UUID.v7() })
        fields.append(phone)
        fields.append(consent)
        fields.append(birthDate)
        fields.append(source)
        fields.append(amount)
        fields.append(currency)
        fields.append(tags.isEmpty ? nil : tags)
        fields.append(markets.isEmpty ? nil : markets)
        fields.append(owner)
        fields.append(organisation)
        fields.append(names.isEmpty ? nil : JSONText(utf8: JSONWriter.bytes(of: names)))
        fields.append(references.isEmpty ? nil : JSONText(utf8: JSONWriter.bytes(of: references)))
        fields.append(attributes.isEmpty ? nil : JSONText(utf8: JSONWriter.bytes(of: attributes)))
        fields.append(channels.addressesJSON)
        fields.append(channels.consentsJSON)
    }
}
