import Foundation
import Postgres

/// How customers of a file come into the tenant's tables.
struct CustomerImport: ImportWriting {
    typealias Record = CustomerRecord

    static let kind = FileImport.Kind.customers
    static let copyName: StaticString = "import.copy_customers"
    static let copy: StaticString = """
        COPY pg_temp.import_customer (row_number, id, customer_id, key, reference, name, kind, stage, stage_reason, language,
            time_zone, email_id, email, phone_id, phone, consent, birth_date, source, acquisition_amount, acquisition_currency,
            tags, market_ids, owner_id, organisation, names, external_references, attributes, addresses, consents)
        FROM STDIN (FORMAT binary)
        """

    let context: TenantContext
    let id: FileImport.ID
    let terms: CustomerImportTerms

    private var tenant: Tenant.ID { context.tenantID }

    var makeTables: [Statement<Void>] {
        [
            CustomerStagingStatements.createStaging, CustomerStagingStatements.createChanges,
            StagingStatements.createFaults,
        ] + (terms.hasDetails ? [CustomerStagingStatements.indexOrganisations] : [])
    }
    var emptyTables: [Statement<Void>] {
        [CustomerStagingStatements.empty, CustomerStagingStatements.emptyChanges, StagingStatements.emptyFaults]
    }

    var checks: [Statement<Void>] {
        typealias Staging = CustomerStagingStatements
        let key = terms.key
        var checks = Staging.resolve(tenant, key) + [Staging.lock(tenant)]
        checks += CustomerFaultStatements.keys(tenant, id, key)
        checks += [CustomerFaultStatements.unnamed, CustomerFaultStatements.kinds(tenant)]
        if key != .reference { checks.append(CustomerFaultStatements.references(tenant)) }
        let required = terms.attributes.values.filter(\.isRequired).map(\.name).sorted()
        if !required.isEmpty { checks.append(CustomerFaultStatements.attributes(required: required)) }
        if terms.hasDetails {
            checks.append(CustomerFaultStatements.externalReferences(tenant))
            checks += [
                CustomerFaultStatements.nested(tenant), Staging.resolveOrganisations(tenant),
                CustomerFaultStatements.organisations,
            ]
        }
        checks.append(Staging.findChanges(tenant, key))
        checks.append(CustomerFaultStatements.limits(tenant))
        if terms.hasDetails { checks.append(CustomerFaultStatements.addresses) }
        return checks + [Staging.removeFaulty, Staging.removeFaultyChanges]
    }

    func links(of batch: ImportBatch<Record>) -> [ObjectLink] {
        let markets = Set(batch.records.flatMap { $0.record.markets }).sorted { $0.uuidString < $1.uuidString }
        let owners = Set(batch.records.compactMap { $0.record.owner }).sorted { $0.uuidString < $1.uuidString }
        return [(ObjectLink.Target.market, markets), (.member, owners)].filter { !$0.1.isEmpty }.map { target, ids in
            ObjectLink(target, ids.map { (pointer: "/\(target.kind)", id: $0) })
        }
    }

    var writes: ImportWrites {
        typealias Writes = CustomerWriteStatements
        let (tenant, id) = (tenant, id)
        func parts(of owners: Writes.Owners) -> [Statement<Int>] {
            [Writes.insertContactPoints(tenant, of: owners), Writes.recordConsents(id, by: context, of: owners)]
                + (terms.hasDetails ? Writes.details(id, by: context, of: owners) : [])
        }
        return ImportWrites(
            create: Writes.insert(tenant, id, language: terms.language), afterCreating: parts(of: .created),
            update: Writes.update(tenant),
            afterUpdating: [Writes.recordStageChanges(id, by: context), Writes.demoteContactPoints(tenant)]
                + (terms.hasDetails ? [Writes.deleteReferences(tenant)] : [])
                + parts(of: .changed),
            countLost: Writes.countLost(tenant), customers: Writes.customers)
    }
}
