/// What a member is to the business, and so what the member may do.
///
/// A member's scopes are those of all roles together. ``table`` is the documented permission table.
public enum Role: String, JSONChoice, Codable {
    /// Everything; only owners make and unmake owners.
    case owner
    /// Everything else.
    case admin
    /// The whole work with customers, and a look at settings and members.
    case manager
    /// Serves customers: reads the work of others, changes customers and orders.
    case agent
    /// Reads everything about the market and makes segments; changes nothing else.
    case analyst
    /// Reads plans, surveys and scores: nothing about single customers.
    case viewer

    public var scopes: Set<Scope> {
        switch self {
        case .owner, .admin: Set(Scope.allCases)
        case .manager:
            Set(Scope.allCases).subtracting([
                .settingsWrite, .membersWrite, .keysRead, .keysWrite, .auditRead, .privacyRead, .privacyWrite,
            ])
        case .agent:
            [
                .customersRead, .customersWrite, .interactionsRead, .interactionsWrite, .ordersRead, .ordersWrite,
                .marketsRead, .departmentsRead, .journeyRead,
                .productsRead, .segmentsRead,
                .plansRead, .surveysRead, .campaignsRead, .responsesRead, .scoresRead, .settingsRead,
            ]
        case .analyst:
            [
                .customersRead, .interactionsRead, .ordersRead, .marketsRead, .departmentsRead, .journeyRead,
                .productsRead, .segmentsRead,
                .segmentsWrite, .plansRead, .surveysRead,
                .campaignsRead, .responsesRead, .scoresRead, .settingsRead,
            ]
        case .viewer:
            [
                .marketsRead, .departmentsRead, .journeyRead, .productsRead, .segmentsRead, .plansRead, .surveysRead,
                .campaignsRead, .scoresRead,
                .settingsRead,
            ]
        }
    }

    /// Each scope with the roles that have it.
    public static var table: [(scope: Scope, roles: [Role])] {
        Scope.allCases.map { scope in (scope, allCases.filter { $0.scopes.contains(scope) }) }
    }
}
