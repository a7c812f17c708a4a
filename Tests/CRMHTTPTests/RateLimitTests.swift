import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Rate limits")
struct RateLimitTests {
    @Test func `A bucket holds a second's worth and fills as fast`() {
        let limiter = RateLimiter<UUID>()
        let (id, start) = (UUID(), ContinuousClock.now)
        for left in (0..<10).reversed() {
            #expect(limiter.take(id, perSecond: 10, at: start).remaining == left)
        }
        let refused = limiter.take(id, perSecond: 10, at: start)
        #expect(refused.remaining == 0 && refused.wait == .milliseconds(100))
        #expect(limiter.take(UUID(), perSecond: 10, at: start).remaining == 9)
        #expect(limiter.take(id, perSecond: 10, at: start + .milliseconds(100)).wait == .zero)
        #expect(limiter.take(id, perSecond: 10, at: start + .milliseconds(150)).wait > .zero)
        // A clock that stands still or a long rest give no more than a second's worth.
        #expect(limiter.take(id, perSecond: 10, at: start + .seconds(3600)).remaining == 9)
    }

    @Test func `Who asks too often is told how long to wait, and others are served`() async throws {
        try await HTTPFixture.with { fixture in
            try await fixture.business.server.run("UPDATE crm.tenant_setting SET key_requests_per_second = 3")
            let hasty = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<30 { group.addTask { try await hasty.get("/v1/segments") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let refused = answers.filter { $0.status == 429 }
            #expect(!refused.isEmpty && answers.contains { $0.status == 200 })
            #expect(refused.allSatisfy { $0.headers[.retryAfter] == "1" })
            #expect(try refused[0].text("code") == "rate_limited")
            #expect(refused[0].headers[.rateLimitPolicy] == "\"key\";q=3;w=1")
            #expect(refused[0].headers[.rateLimit] == "\"key\";r=0;t=1")
            let patient = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            let served = try await patient.get("/v1/segments")
            #expect(served.status == 200)
            #expect(served.headers[.rateLimit] == "\"key\";r=2;t=1")
        }
    }

    @Test func `The keys of a business have a limit together`() async throws {
        try await HTTPFixture.with { fixture in
            try await fixture.business.server.run("UPDATE crm.tenant_setting SET requests_per_second = 4")
            var keys: [TestAPI] = []
            for _ in 0..<12 { keys.append(fixture.with(key: try await HTTPFixture.makeKey(fixture.business))) }
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for key in keys { group.addTask { try await key.get("/v1/segments") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let refused = answers.filter { $0.status == 429 }
            #expect(!refused.isEmpty)
            #expect(refused.allSatisfy { $0.headers[.rateLimitPolicy] == "\"business\";q=4;w=1" })
        }
    }

    @Test func `A hasty key takes nothing from the others of its business`() async throws {
        try await HTTPFixture.with { fixture in
            try await fixture.business.server.run(
                "UPDATE crm.tenant_setting SET key_requests_per_second = 2, requests_per_second = 6")
            let hasty = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            let patient = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            for _ in 0..<20 { _ = try await hasty.get("/v1/segments") }
            #expect(try await patient.get("/v1/segments").status == 200)
        }
    }
}
