import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What is answered while the database is away, and after it came back.
@Suite("Without a database")
struct UnavailableTests {
    /// A pool that does not wait long.
    private static func pool(_ server: TestDatabase, url: String? = nil) -> Pool {
        var configuration = server.configuration(user: "mehvar_app")
        if let url { configuration.url = url }
        configuration.connectTimeout = .seconds(2)
        configuration.acquireTimeout = .seconds(2)
        return Pool(configuration)
    }

    private static func expectUnavailable(_ api: TestAPI, _ location: SourceLocation = #_sourceLocation) async throws {
        for path in ["/v1/customers", "/readyz"] {
            let answer = try await api.get(path)
            #expect(answer.status == 503, sourceLocation: location)
            #expect(answer.headers[.contentType] == "application/problem+json", sourceLocation: location)
            #expect(answer.headers[.retryAfter].flatMap { Int($0) } != nil, sourceLocation: location)
            #expect(try answer.text("code") == "unavailable", sourceLocation: location)
        }
        let page = try await api.get("/s/\(SecretToken.make(for: Tenant.ID.make()).text)")
        #expect(page.status == 503, sourceLocation: location)
        #expect(page.headers[.contentType] == "text/html; charset=utf-8", sourceLocation: location)
        #expect(page.headers[.retryAfter] != nil, sourceLocation: location)
        #expect(try await api.get("/healthz").status == 200, sourceLocation: location)
    }

    @Test func `A server that cannot be reached is 503, and the process lives`() async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let key = try await HTTPFixture.makeKey(business)
            let pool = Self.pool(server, url: "postgresql:///mehvar?host=/nowhere/at/all")
            try await TestAPI.with(server, key: key, pool: pool) { api in try await Self.expectUnavailable(api) }
        }
    }

    @Test func `A database that goes away is 503 until it is back, and then everything works by itself`() async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let key = try await HTTPFixture.makeKey(business)
            try await TestAPI.with(server, key: key, pool: Self.pool(server)) { api in
                #expect(try await api.get("/v1/customers").status == 200)
                try await Self.admit(false, to: server)
                try await Self.expectUnavailable(api)
                let refused = try await api.post("/v1/customers", #"{"name": "Lost"}"#)
                #expect(refused.status == 503)
                try await Self.admit(true, to: server)
                // Connecting is tried again after a moment.
                try await eventually { try await api.get("/readyz").status == 200 }
                let customers = try await api.get("/v1/customers")
                #expect(customers.status == 200)
                #expect(try customers.list("data") == [])
                #expect(try await api.post("/v1/customers", #"{"name": "Ada"}"#).status == 201)
            }
        }
    }

    @Test func `Connections that the server ended are replaced without anybody noticing`() async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let key = try await HTTPFixture.makeKey(business)
            try await TestAPI.with(server, key: key, pool: Pool(server.configuration(user: "mehvar_app"))) { api in
                #expect(try await api.get("/v1/customers").status == 200)
                try await Self.endConnections(to: server)
                // The first may still have met the ending connection.
                try await eventually { try await api.get("/v1/customers").status == 200 }
                let answer = try await api.get("/v1/customers")
                let code = answer.status == 200 ? nil : try answer.text("code")
                #expect(answer.status == 200, "\(code ?? "")")
            }
        }
    }

    @Test func `A pool that is in use and lets nobody wait is 503 until there is room`() async throws {
        try await withMigratedDatabase { server in
            let key = try await HTTPFixture.makeKey(try await Business(in: server))
            var configuration = server.configuration(user: "mehvar_app", maximumConnections: 1)
            configuration.maximumWaiters = 0
            let pool = Pool(configuration)
            try await TestAPI.with(server, key: key, pool: pool) { api in
                #expect(try await api.get("/v1/customers").status == 200)
                try await pool.withTransaction { transaction in
                    try await transaction.run(Statement(effect: "test.hold", "SELECT 1"))
                    try await Self.expectUnavailable(api)
                }
                #expect(try await api.get("/v1/customers").status == 200)
            }
        }
    }

    @Test func `A schema that is behind is neither ready nor worked on`() async throws {
        try await withMigratedDatabase { server in
            let key = try await HTTPFixture.makeKey(try await Business(in: server))
            try await server.run("UPDATE platform.migration SET number = number - 100")
            try await TestAPI.with(server, key: key) { api in
                for path in ["/readyz", "/v1/customers"] {
                    let answer = try await api.get(path)
                    #expect(answer.status == 503)
                    #expect(try answer.text("code") == "stale_schema")
                    #expect(answer.headers[.retryAfter] != nil)
                }
            }
        }
    }

    @Test func `A schema that is ahead is worked on, so that servers are upgraded one by one`() async throws {
        try await withMigratedDatabase { server in
            let key = try await HTTPFixture.makeKey(try await Business(in: server))
            try await server.execute(
                """
                INSERT INTO platform.migration (number, name, checksum) VALUES (9999, 'later', '');
                ALTER TABLE crm.customer ADD COLUMN later text NOT NULL DEFAULT 'x';
                CREATE TABLE crm.later (tenant_id uuid PRIMARY KEY);
                """)
            try await TestAPI.with(server, key: key) { api in
                let ready = try await api.get("/readyz")
                let made = try await api.post("/v1/customers", #"{"name": "Ada"}"#)
                let list = try await api.get("/v1/customers")
                #expect(try ready.status == 200 && made.status == 201 && list.list("data").count == 1)
            }
        }
    }

    /// Lets the application's role connect to the database, or ends its connections and keeps it out.
    private static func admit(_ isAdmitted: Bool, to server: TestDatabase) async throws {
        // From another database, since this one cannot be entered while it lets nobody in.
        try await TestDatabase.administrative.execute(
            "ALTER DATABASE \"\(server.name)\" ALLOW_CONNECTIONS \(isAdmitted)")
        if !isAdmitted { try await endConnections(to: server) }
    }

    private static func endConnections(to server: TestDatabase) async throws {
        _ = try await TestDatabase.administrative.number(
            "SELECT count(pg_terminate_backend(a.pid, 5000)) FROM pg_stat_activity a WHERE a.datname = \(server.name)")
    }
}
