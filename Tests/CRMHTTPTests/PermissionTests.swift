import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Permissions")
struct PermissionTests {
    /// The documented table: which of the roles has which scope. o owner, a admin, m manager, g agent, n analyst, v viewer.
    private static let table: [Scope: String] = [
        .customersRead: "oamgn", .customersWrite: "oamg", .privacyRead: "oa", .privacyWrite: "oa",
        .interactionsRead: "oamgn", .interactionsWrite: "oamg",
        .ordersRead: "oamgn", .ordersWrite: "oamg", .marketsRead: "oamgnv",
        .marketsWrite: "oam", .departmentsRead: "oamgnv", .departmentsWrite: "oam", .journeyRead: "oamgnv",
        .journeyWrite: "oam",
        .productsRead: "oamgnv", .productsWrite: "oam", .segmentsRead: "oamgnv",
        .segmentsWrite: "oamn", .plansRead: "oamgnv", .plansWrite: "oam", .surveysRead: "oamgnv",
        .surveysWrite: "oam", .campaignsRead: "oamgnv", .campaignsWrite: "oam", .responsesRead: "oamgn",
        .scoresRead: "oamgnv", .settingsRead: "oamgnv", .settingsWrite: "oa", .membersRead: "oam",
        .membersWrite: "oa", .keysRead: "oa", .keysWrite: "oa", .auditRead: "oa",
    ]

    private static let letters: [Role: Character] = [
        .owner: "o", .admin: "a", .manager: "m", .agent: "g", .analyst: "n", .viewer: "v",
    ]

    private static func has(_ role: Role, _ scope: Scope) -> Bool {
        guard let letter = letters[role] else { return false }
        return table[scope]?.contains(letter) == true
    }

    @Test func `Every cell of the table is as it is documented`() {
        for scope in Scope.allCases {
            for role in Role.allCases {
                #expect(role.scopes.contains(scope) == Self.has(role, scope), "\(role) \(scope)")
            }
        }
        #expect(Self.table.count == Scope.allCases.count)
    }

    @Test func `Every operation refuses every role that lacks its scope, and no other`() async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let access = try await business.access()
            let operations = try await API.of(business).operations
            try await TestAPI.with(server, access: access) { api in
                for role in Role.allCases {
                    // One that nobody else depends on, so that nothing is the last of anything.
                    let (_, tokens) = try await business.signedIn(
                        as: [role], named: "Member\(role.rawValue)", access: access)
                    var api = api
                    api.key = tokens.accessToken
                    for operation in operations {
                        guard case .scope(let scope) = operation.access else { continue }
                        let request = Places(operation).request { _ in UUID().uuidString.lowercased() }
                        let answer = try await api.send(request)
                        let isRefused = try answer.status == 403 && answer.text("code") == "forbidden"
                        // An agent, say, may not hand out what it has not itself, whatever the scope.
                        let isBeyond = [.membersWrite, .keysWrite].contains(scope) && Self.has(role, scope)
                        #expect(
                            isRefused == !Self.has(role, scope) || isBeyond,
                            "\(role) \(operation.name) \(answer.status)")
                    }
                }
            }
        }
    }

    @Test func `Members give and take no roles beyond their own, and only owners those of owners`() async throws {
        try await HTTPFixture.with { fixture in
            let (owner, ownerTokens) = try await fixture.business.signedIn(
                as: [.owner], named: "Olga", access: fixture.access)
            let (admin, adminTokens) = try await fixture.business.signedIn(
                as: [.admin], named: "Adam", access: fixture.access)
            let (owners, admins) = (
                fixture.with(key: ownerTokens.accessToken), fixture.with(key: adminTokens.accessToken)
            )
            func invite(_ api: TestAPI, _ name: String, _ role: String) async throws -> Answer {
                try await api.post(
                    "/v1/members", #"{"name": "\#(name)", "email": "\#(name)@team.example", "roles": ["\#(role)"]}"#)
            }
            let refused = try await invite(admins, "a", "owner")
            #expect(try refused.status == 403 && refused.text("code") == "owners_only")
            #expect(try await invite(admins, "b", "admin").status == 201)
            #expect(try await invite(owners, "c", "owner").status == 201)
            // A key has every scope, and is nobody's owner.
            #expect(try await invite(fixture.api, "d", "owner").text("code") == "owners_only")
            let demote = try await admins.patch("/v1/members/\(owner.id)", #"{"roles": ["viewer"]}"#)
            #expect(try demote.text("code") == "owners_only")
            #expect(
                try await admins.send(TestRequest(.delete, "/v1/members/\(owner.id)")).text("code") == "owners_only")
            // A key with few scopes cannot make a member with more.
            let weak = fixture.with(
                key: try await HTTPFixture.makeKey(fixture.business, scopes: [.membersRead, .membersWrite]))
            #expect(try await invite(weak, "e", "viewer").text("code") == "forbidden")
            #expect(try await weak.patch("/v1/members/\(admin.id)", #"{"name": "x"}"#).text("code") == "forbidden")
            #expect(try await owners.patch("/v1/members/\(admin.id)", #"{"roles": ["analyst"]}"#).status == 200)
            // At once, also where the session is known already.
            fixture.access.authenticator.forget(nil)
            #expect(try await admins.get("/v1/members").status == 403)
        }
    }

    @Test func `An owner who is merely invited does not stand in for the only one who has come`() async throws {
        try await HTTPFixture.with { fixture in
            let (owner, tokens) = try await fixture.business.signedIn(
                as: [.owner], named: "Only", access: fixture.access)
            let invited = NewMember(name: "Next", email: "next@team.example", roles: [.owner])
            _ = try await fixture.business.members.invite(fixture.business.context, invited)
            let api = fixture.with(key: tokens.accessToken)
            let removed = try await api.send(TestRequest(.delete, "/v1/members/\(owner.id)"))
            #expect(try removed.status == 409 && removed.text("code") == "last_owner")
            let demoted = try await api.patch("/v1/members/\(owner.id)", #"{"roles": ["admin"]}"#)
            #expect(try demoted.status == 409 && demoted.text("code") == "last_owner")
        }
    }

    @Test func `A business keeps an owner, whoever leaves at once`() async throws {
        try await HTTPFixture.with { fixture in
            let (one, tokens) = try await fixture.business.signedIn(as: [.owner], named: "One", access: fixture.access)
            let two = try await fixture.business.member("Two", roles: [.owner], access: fixture.access)
            let api = fixture.with(key: tokens.accessToken)
            async let first = api.send(TestRequest(.delete, "/v1/members/\(two.id)"))
            async let second = api.patch("/v1/members/\(one.id)", #"{"roles": ["admin"]}"#)
            let answers = try await [first, second]
            #expect(answers.filter { $0.status < 300 }.count == 1)
            let owners = try await fixture.business.server.number(
                "SELECT count(*) FROM crm.member WHERE 'owner' = ANY (roles) AND deleted_at IS NULL")
            #expect(owners == 1)
        }
    }
}
