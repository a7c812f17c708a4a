import TestSupport
import Testing

@testable import Postgres

@Suite struct SQLStateTests {
    /// Runs the body of a PL/pgSQL block; the state of the error that it ends with, `nil` for none.
    private func state(after body: String, on connection: inout Connection) async throws -> SQLState? {
        do {
            try await connection.execute(script: "DO $$ BEGIN \(body) END $$", name: "test.condition")
            return nil
        } catch let error as PostgresError {
            return error.state
        }
    }

    @Test func `every constant is the code that the server raises for the condition of its name`() async throws {
        try await Connection.with(TestServer.configuration()) { connection in
            for (name, expected) in SQLStateConditions.unambiguous {
                let raised = try await state(after: "RAISE \(name);", on: &connection)
                #expect(raised == expected, "\(name)")
            }
        }
    }

    @Test func `a name of several codes catches each of its constants`() async throws {
        try await Connection.with(TestServer.configuration()) { connection in
            for (name, expected) in SQLStateConditions.ambiguous {
                let code = expected.rawValue
                let raised = try await state(after: "RAISE SQLSTATE '\(code)';", on: &connection)
                #expect(raised == expected)
                let caught = try await state(
                    after: "RAISE SQLSTATE '\(code)'; EXCEPTION WHEN \(name) THEN NULL;", on: &connection)
                #expect(caught == nil, "\(name) \(code)")
            }
        }
    }

    @Test func `no two constants are the same code`() {
        let states =
            (SQLStateConditions.unambiguous + SQLStateConditions.ambiguous).map(\.state) + Self.noErrors.map(\.0)
        #expect(Set(states).count == states.count)
        #expect(states.count == 260)
    }

    /// PL/pgSQL has no names for these, so that no server can be asked; the codes are copied from the appendix.
    private static let noErrors: [(SQLState, String)] = [
        (.successfulCompletion, "00000"),
        (.warning, "01000"),
        (.dynamicResultSetsReturned, "0100C"),
        (.implicitZeroBitPadding, "01008"),
        (.nullValueEliminatedInSetFunction, "01003"),
        (.privilegeNotGranted, "01007"),
        (.privilegeNotRevoked, "01006"),
        (.warningStringDataRightTruncation, "01004"),
        (.deprecatedFeature, "01P01"),
        (.noData, "02000"),
        (.noAdditionalDynamicResultSetsReturned, "02001"),
    ]

    @Test func `success, warnings and no data have the codes of the appendix`() {
        for (state, code) in Self.noErrors { #expect(state.rawValue == code) }
    }

    @Test func `a state's class is its first two characters`() {
        #expect(SQLState.uniqueViolation.conditionClass == "23")
        #expect(SQLState.idleInTransactionSessionTimeout.conditionClass == "25")
    }
}
