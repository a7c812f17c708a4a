import CRM
import Foundation

/// A deployment of the scale benchmark: its API, and its customers, who become more and more.
struct ScaleSite {
    let settings: Settings
    let key: String
    let context = TenantContext.cli(tenant: ScalePopulation.largest)
    private(set) var size = 0
    private let database: Database
    private let population: ScalePopulation

    init(_ settings: Settings, _ database: Database, superuser: String) async throws {
        (self.settings, self.database) = (settings, database)
        population = ScalePopulation(superuser: superuser)
        try await population.makeTenants()
        key = try await APIKeyService(database: database).create(
            context, name: "benchmark", scopes: Set(Scope.allCases)
        ).secret
    }

    mutating func grow(to next: Int) async throws {
        try await population.grow(from: size, to: next)
        size = next
        try await population.settle()
        try await SegmentEvaluator(database: database).refresh(context)
        try await population.settle()
    }
}
