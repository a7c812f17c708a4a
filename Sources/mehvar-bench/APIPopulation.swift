import CRM
import Crypto
import Foundation
import Postgres

/// The customers that the API benchmark asks for: the i-th has the id md5(i) and belongs to tenant i modulo 100.
struct APIPopulation {
    let customers: Int
    let settings: Settings

    /// Fills the empty tables at once, and lets PostgreSQL look at them, as it would have done in a database of some age.
    func fill(superuser: String) async throws {
        _ = try await Tool.run(
            "psql",
            [
                "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", superuser, "-c",
                """
                INSERT INTO platform.tenant (id, slug, name)
                    SELECT md5(t::text)::uuid, 'bench-' || t, 'Bench ' || t FROM generate_series(0, 99) t;
                INSERT INTO crm.tenant_setting (tenant_id, sender_name, sender_address)
                    SELECT id, name, slug || '@sender.example' FROM platform.tenant;
                INSERT INTO crm.customer (tenant_id, id, name, language, reference)
                    SELECT md5((i % 100)::text)::uuid, md5(i::text)::uuid, 'Customer ' || i, 'en', i::text
                    FROM generate_series(1, \(customers)) i;
                INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
                    SELECT tenant_id, gen_random_uuid(), id, 'email', 'c' || reference || '@customer.example', true
                    FROM crm.customer;
                """, "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT",
            ])
    }

    struct Target {
        let path: String
        let key: String
    }

    /// Customers at random, with a key of their tenant.
    func targets(_ count: Int) async throws -> [Target] {
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 1))
        defer { pool.close() }
        let keys = APIKeyService(database: Database(pool: pool))
        var secrets: [String] = []
        for tenant in 0..<100 {
            let context = TenantContext.cli(tenant: Tenant.ID(rawValue: Self.md5(String(tenant))))
            secrets.append(try await keys.create(context, name: "benchmark", scopes: Set(Scope.allCases)).secret)
        }
        return (0..<count).map { _ in
            let index = Int.random(in: 1...customers)
            return Target(
                path: "/v1/customers/\(Self.md5(String(index)).uuidString.lowercased())", key: secrets[index % 100])
        }
    }

    private static func md5(_ text: String) -> UUID {
        var bytes = Insecure.MD5.hash(data: Data(text.utf8)).makeIterator()
        func next() -> UInt8 { bytes.next() ?? 0 }
        return UUID(
            uuid: (
                next(), next(), next(), next(), next(), next(), next(), next(), next(), next(), next(), next(), next(),
                next(), next(), next()
            ))
    }

    /// A wrk script that takes the targets in turn. What can be is written before the clock runs, so that the client takes
    /// little of the machine that it shares with the server.
    static func script(_ kind: String, targets: String) -> String {
        let made =
            switch kind {
            case "get": "wrk.format('GET', path, headers)"
            case "list": "wrk.format('GET', '/v1/customers?limit=50', headers)"
            default: "headers"
            }
        let request =
            kind == "post"
            ? """
            local headers = targets[position]
                headers['Idempotency-Key'] = math.random(1, 2^53) .. '-' .. position
                return wrk.format('POST', '/v1/customers', headers,
                    '{"name":"New","contact_points":[{"channel":"email","address":"new@customer.example","is_primary":true}]}')
            """ : "return targets[position]"
        return """
            local targets, position = {}, 0
            function init(args)
                for line in io.lines('\(targets)') do
                    local path, key = line:match('(%S+) (%S+)')
                    local headers = { ['Authorization'] = 'Bearer ' .. key }
                    \(kind == "post" ? "headers['Content-Type'] = 'application/json'" : "")
                    targets[#targets + 1] = \(made)
                end
                math.randomseed(os.time() + tonumber(tostring(targets):match('0x(%x+)'), 16) % 1000000)
                position = math.random(#targets)
            end
            function request()
                position = position % #targets + 1
                \(request)
            end

            """
    }
}
