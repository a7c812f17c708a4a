/// What a caller may do: a kind of object, and whether to read or to write it.
public enum Scope: String, JSONChoice, Codable {
    case customersRead = "customers:read"
    case customersWrite = "customers:write"
    case ordersWrite = "orders:write"
    case segmentsRead = "segments:read"
    case segmentsWrite = "segments:write"
    case plansRead = "plans:read"
    case plansWrite = "plans:write"
    case surveysRead = "surveys:read"
    case surveysWrite = "surveys:write"
    case campaignsRead = "campaigns:read"
    case campaignsWrite = "campaigns:write"
    case responsesRead = "responses:read"
    case scoresRead = "scores:read"
    case settingsRead = "settings:read"
    case settingsWrite = "settings:write"
}
