import Postgres

@testable import CRM

/// One statement of the product with sample values, and how to tell that it did something.
struct CatalogueEntry: Sendable {
    enum Effect {
        /// Rows are found or touched.
        case some
        /// Nothing is found or touched with the sample values; the statement is only prepared and run.
        case nothing
        /// It gives nothing back.
        case unknown
    }

    let name: String
    let sql: SQL
    let effect: Effect
    let run: @Sendable (inout Transaction) async throws -> Effect

    /// - Parameter effect: what the statement does to ``FilledBusiness``.
    init<Output>(_ statement: Statement<Output>, _ effect: Effect = .some) {
        name = statement.name.description
        sql = statement.sql
        self.effect = Output.self == Void.self ? .unknown : effect
        run = { transaction in Self.effect(of: try await transaction.run(statement)) }
    }

    private static func effect<Output>(of output: Output) -> Effect {
        switch output {
        case is Void: return .unknown
        case let count as Int: return count > 0 ? .some : .nothing
        case let rows as any Collection: return rows.isEmpty ? .nothing : .some
        default: break
        }
        let mirror = Mirror(reflecting: output)
        return mirror.displayStyle == .optional && mirror.children.isEmpty ? .nothing : .some
    }
}

/// Statements that run one after the other in a transaction of a role, which is then rolled back.
struct CatalogueGroup: Sendable {
    let role: DatabaseRole
    /// What a statement needs that is not the product's own; named `test.…`.
    let entries: [CatalogueEntry]

    init(as role: DatabaseRole = .app, _ entries: [CatalogueEntry]) {
        self.role = role
        self.entries = entries
    }
}
