import Foundation
import JobQueue
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var imports: [CatalogueGroup] { get throws { [try keptImport, customerImport, orderImport, exported] } }

    private var context: TenantContext { filled.business.context }

    private var keptImport: CatalogueGroup {
        get throws {
            let (id, place) = (FileImport.ID.make(), FilePlace(offset: 10, line: 2))
            let rejected = RejectedRow(
                row: 3, errors: [FieldError(row: 3, column: "name", "required", "No name.")], content: "x")
            return CatalogueGroup([
                CatalogueEntry(ImportStatements.prepare(ImportLimits())), CatalogueEntry(ImportStatements.lock(tenant)),
                CatalogueEntry(
                    try ImportStatements.insert(
                        id, .orders, ImportOptions(), titles: ["amount"], digest: Bytes([1, 2, 3]),
                        hasReferences: false, size: 4,
                        chunks: 1, by: context)),
                CatalogueEntry(ImportStatements.insertChunk(tenant, id, 0, Bytes([1]))),
                CatalogueEntry(ImportStatements.chunk(tenant, id, 0)),
                CatalogueEntry(ImportStatements.find(tenant, .orders, id)),
                CatalogueEntry(ImportStatements.list(tenant, .orders, ImportFilter(), try PageRequest())),
                CatalogueEntry(ImportStatements.earlier(tenant, .orders, digest: Bytes([1, 2, 3]))),
                CatalogueEntry(ImportStatements.begin(tenant, id)),
                CatalogueEntry(ImportStatements.report(tenant, id, chunksRead: 0, ImportCounts())),
                CatalogueEntry(ImportStatements.insertRejected(tenant, id, [rejected])),
                CatalogueEntry(ImportStatements.rejected(tenant, id, try PageRequest())),
                CatalogueEntry(
                    ImportStatements.advance(
                        tenant, id, from: .start, to: place, chunksRead: 1, ImportCounts(rows: 1), state: .running,
                        lacksReferences: true)),
                CatalogueEntry(ImportStatements.wait(tenant, id)),
                CatalogueEntry(ImportStatements.end(tenant, id, .cancelled, nil)),
                CatalogueEntry(ImportStatements.resume(tenant, id)),
                CatalogueEntry(ImportStatements.deleteRejected(tenant, id)),
                CatalogueEntry(ImportStatements.deleteChunks(tenant, id)),
                CatalogueEntry(ImportStatements.failForgotten(tenant), .nothing),
                CatalogueEntry(ImportStatements.forgetChunks(tenant), .nothing),
                CatalogueEntry(ImportStatements.forgetRejected(tenant), .nothing),
                CatalogueEntry(ImportTermsStatements.attributes(tenant)),
                CatalogueEntry(ImportTermsStatements.markets(tenant)),
                CatalogueEntry(ImportTermsStatements.members(tenant)),
            ])
        }
    }

    /// The statements of an import in their order, on rows that make, change and are wrong in each way.
    private var customerImport: CatalogueGroup {
        // A new customer twice, one who is changed, and one without a name.
        let staged = Statement<Int>(
            "test.stage",
            """
            INSERT INTO pg_temp.import_customer (row_number, id, key, reference, name, stage, email_id, email, phone_id, phone, consent,
                tags, external_references, organisation, addresses, consents)
            VALUES (2, \(UUID()), 'N1', 'N1', 'New', NULL, \(UUID()), 'new@b.example', \(UUID()), '+98 21 123456', true,
                    '{a}', '{"shop": "n1"}', NULL, '[["email", "other@b.example", "01900000-0000-7000-8000-00000000aa01"]]', '{"sms": {"is_granted": true}}'),
                (3, \(UUID()), '0001', '0001', 'Changed', 'lost', \(UUID()), 'changed@b.example', \(UUID()), '+98 21 654321', false,
                    '{b}', '{"shop": "n2"}', NULL, '[["postal", "Shiraz", "01900000-0000-7000-8000-00000000aa02"]]', '{"sms": {"is_granted": true}}'),
                (4, \(UUID()), 'N1', 'N1', 'Again', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                (5, \(UUID()), 'N5', 'N5', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'nobody', NULL, NULL)
            """)
        let terms = CustomerImportTerms(
            key: .reference, currency: "IRR", language: "fa", zone: .gmt, hasDetails: true,
            attributes: ["must": CustomerAttributeValues(name: "must", type: .text, isRequired: true)], markets: [:],
            owners: [:])
        let writing = CustomerImport(context: context, id: .make(), terms: terms)
        let others =
            [CustomerImportKey.email, .phone, .system("shop"), .id].flatMap { key in
                CustomerStagingStatements.resolve(tenant, key) + CustomerFaultStatements.keys(tenant, .make(), key)
            } + [CustomerFaultStatements.references(tenant)]
        return CatalogueGroup(
            writing.makeTables.map { CatalogueEntry($0) } + [CatalogueEntry(staged)]
                + writing.checks.filter { $0.name.description != "import.missing_attributes" }.map {
                    CatalogueEntry($0)
                }
                + [CatalogueEntry(StagingStatements.faults)]
                + written(writing.writes) + [CatalogueEntry(writing.writes.customers)]
                + others.map { CatalogueEntry($0) } + [
                    CatalogueEntry(CustomerFaultStatements.attributes(required: ["must"]))
                ]
                + writing.emptyTables.map { CatalogueEntry($0) })
    }

    private var orderImport: CatalogueGroup {
        let staged = Statement<Int>(
            "test.stage",
            """
            INSERT INTO pg_temp.import_order (row_number, id, customer_reference, reference, ordered_on, amount)
            VALUES (2, \(UUID()), '0003', 'N1', '2026-01-01', 5), (3, \(UUID()), '0001', 'A1', '2026-01-02', 6),
                (4, \(UUID()), 'nobody', 'N1', '2026-01-02', 6)
            """)
        let writing = OrderImport(context: context, id: .make(), terms: OrderImportTerms(currency: "IRR"))
        return CatalogueGroup(
            writing.makeTables.map { CatalogueEntry($0) } + [CatalogueEntry(staged)]
                + writing.checks.map { CatalogueEntry($0) } + [CatalogueEntry(StagingStatements.faults)]
                + written(writing.writes) + [CatalogueEntry(writing.writes.customers)]
                + writing.emptyTables.map { CatalogueEntry($0) })
    }

    private func written(_ writes: ImportWrites) -> [CatalogueEntry] {
        writes.all.dropLast().map { CatalogueEntry($0) } + [CatalogueEntry(writes.countLost, .nothing)]
    }

    private var exported: CatalogueGroup {
        var filter = CustomerFilter()
        filter.segment = filled.manualSegment.id
        return CatalogueGroup([
            CatalogueEntry(ExportStatements.customers(tenant, CustomerFilter(), after: nil, limit: 10)),
            CatalogueEntry(ExportStatements.customers(tenant, filter, after: filled.organisation.id, limit: 10)),
        ])
    }
}
