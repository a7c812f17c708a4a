import Foundation
import JobQueue
import Postgres

/// A customer as a file has it.
struct CustomerRecord: ImportRecord {
    enum Column: Int, ImportColumn {
        case reference, name, kind, stage, email, phone, language, timeZone, consent

        static let names = ["reference", "name", "kind", "stage", "email", "phone", "language", "time_zone", "consent"]
        var isRequired: Bool { self == .reference || self == .name }
    }

    let reference: String
    let name: String
    let kind: Customer.Kind?
    let stage: Customer.Stage?
    let email: String?
    let phone: String?
    let language: String?
    let timeZone: String?
    let consent: Bool?

    init?(_ cells: inout ImportCells<Column>) {
        let before = cells.errors.list.count
        let reference = cells.text(.reference, CustomerRules.check(reference:_:))
        let name = cells.text(.name, CustomerRules.check(name:_:))
        kind = cells.value(.kind, "person or organisation.", Customer.Kind.init(rawValue:))
        stage = cells.value(.stage, "potential, actual or lost.", Customer.Stage.init(rawValue:))
        email = cells.text(.email, Self.rule(of: .email))
        phone = cells.text(.phone, Self.rule(of: .phone))
        language = cells.text(.language, CustomerRules.check(language:_:))
        timeZone = cells.text(.timeZone, CustomerRules.check(timeZone:_:))
        consent = cells.value(.consent, "yes or no.") { $0 == "yes" ? true : $0 == "no" ? false : nil }
        guard let reference, let name, cells.errors.list.count == before else { return nil }
        self.reference = reference
        self.name = name
    }

    private static func rule(
        of channel: ContactPoint.Channel
    ) -> (String, (_ code: String, _ detail: String) -> Void) -> Void {
        { CustomerRules.check(ContactPoint(channel: channel, address: $0, isPrimary: true), $1) }
    }

    static let fieldCount = 13

    func write(row: Int, to fields: inout CopyRow) {
        fields.append(Int32(clamping: row))
        fields.append(UUID.v7())
        fields.append(reference)
        fields.append(name)
        fields.append(kind)
        fields.append(stage)
        fields.append(language)
        fields.append(timeZone)
        fields.append(email.map { _ in UUID.v7() })
        fields.append(email)
        fields.append(phone.map { _ in UUID.v7() })
        fields.append(phone)
        fields.append(consent)
    }
}
