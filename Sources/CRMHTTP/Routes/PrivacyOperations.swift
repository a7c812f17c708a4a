import CRM

struct PrivacyOperations: OperationGroup {
    private static let tag = Operation.Tag(
        "Privacy",
        """
        What persons may ask for: what is kept of them, and to be forgotten. A file that is still being imported then may bring \
        somebody anew who stands in it.
        """)

    let privacy: PrivacyService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .show(
                .at(
                    "/v1/customers/{id}/personal-data", "export_person", "Show everything that is kept of a customer",
                    tag,
                    .privacyRead), of: Customer.self
            ) { try await privacy.export($0, $1) },
            .remove(
                .at(
                    "/v1/customers/{id}/personal-data", "erase_person",
                    "Take everything that tells of a person away, for good", tag, .privacyWrite, problems: [.inUse]),
                of: Customer.self
            ) { try await privacy.erase($0, $1) },
        ]
    }
}
