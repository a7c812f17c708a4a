import TestSupport
import Testing

/// Gives all tests of a suite one server of their own, as ``OwnServerTrait/server``.
struct OwnServerTrait: SuiteTrait, TestScoping {
    struct Missing: Error {}

    let options: @Sendable () async throws -> OwnServer.Options

    @TaskLocal private static var current: OwnServer?

    static var server: OwnServer {
        get throws {
            guard let current else { throw Missing() }
            return current
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withOwnServer(options()) { server in
            try await Self.$current.withValue(server) { try await body() }
        }
    }
}

extension Trait where Self == OwnServerTrait {
    static func ownServer(_ options: @escaping @Sendable () async throws -> OwnServer.Options) -> Self {
        OwnServerTrait(options: options)
    }
}
