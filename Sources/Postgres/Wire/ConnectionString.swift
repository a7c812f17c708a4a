import CLibPQ

/// What has to be known of a connection string before libpq uses it.
struct ConnectionString {
    /// One host to try, as libpq's keywords say it; without any, libpq's default.
    struct Host {
        var parameters: [(String, String)] = []
    }

    /// The hosts in the order in which they are tried.
    let attempts: [Host]
    let options: String

    /// libpq's complaint about an unreadable string quotes it, password and all: it is not passed on.
    init(_ url: String) throws {
        let isURL = url.hasPrefix("postgresql://") || url.hasPrefix("postgres://")
        let isPlainName = !url.contains("=") && !isURL
        // What the string leaves out comes from the environment.
        var values = Self.values(PQconndefaults())
        if !isPlainName {
            guard let options = PQconninfoParse(url, nil) else { throw Self.unreadable }
            let named = Self.values(options)
            if isURL, Self.isMistaken(named) { throw Self.unreadable }
            values.merge(named) { _, named in named }
        }
        options = values["options"] ?? ""
        attempts = try Self.attempts(values)
    }

    private static let unreadable = PostgresError(.connection("the connection string cannot be read"))

    /// Whether a part of a password may have been taken for something else, since it was not percent-encoded: libpq
    /// would quote that in its complaint. A host may begin with `@`, which names an abstract socket.
    private static func isMistaken(_ values: [String: String]) -> Bool {
        func list(_ keyword: String) -> [Substring] { values[keyword]?.split(separator: ",") ?? [] }
        return list("host").contains { $0.dropFirst().contains("@") }
            || list("port").contains { !$0.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) }
            || values["dbname"]?.contains("@") == true
    }

    private static func attempts(_ values: [String: String]) throws -> [Host] {
        func list(_ keyword: String) -> [String] {
            values[keyword]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        }
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        let count = max(names.count, addresses.count)
        guard count > 1 else { return [Host()] }
        guard names.isEmpty || addresses.isEmpty || names.count == addresses.count,
            ports.count <= 1 || ports.count == count
        else { throw PostgresError(.connection("the connection string names other numbers of hosts and ports")) }
        var hosts = (0..<count).map { index in
            var host = Host()
            if !names.isEmpty { host.parameters.append(("host", names[index])) }
            if !addresses.isEmpty { host.parameters.append(("hostaddr", addresses[index])) }
            if ports.count > 1 { host.parameters.append(("port", ports[index])) }
            return host
        }
        if values["load_balance_hosts"] == "random" { hosts.shuffle() }
        guard values["target_session_attrs"] == "prefer-standby" else { return hosts }
        // libpq makes the same two rounds: first for a standby alone, then for any.
        return ["standby", "any"].flatMap { wanted in
            hosts.map { Host(parameters: $0.parameters + [("target_session_attrs", wanted)]) }
        }
    }

    private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
        guard let options else { return [:] }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }
}
