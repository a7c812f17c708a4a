import Foundation
import Subprocess

/// One of the package's programs, which are built beside the tests, run to its end.
public struct Program: Sendable {
    /// The exit code; -1 for a signal.
    public let status: Int32
    public let output: String
    public let errors: String

    /// Runs it on a database.
    ///
    /// - Parameter settings: more of its environment, such as `MEHVAR_WORKER_SLOTS`.
    public static func run(
        _ name: String, _ arguments: [String], on database: TestDatabase, settings: [String: String] = [:]
    ) async throws -> Program {
        let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name).path
        let environment = [
            "MEHVAR_DATABASE_URL": database.settingURL,
            "MEHVAR_STATEMENTS": TestServer.isPooled ? "unprepared" : "prepared",
        ].merging(settings) { _, new in new }
        let result = try await Subprocess.run(
            .name("env"), arguments: Arguments(environment.map { "\($0.key)=\($0.value)" } + [program] + arguments),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = code }
        return Program(status: status, output: result.standardOutput, errors: result.standardError)
    }
}
