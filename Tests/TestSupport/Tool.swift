import Subprocess

/// A program that a test needs, run to its end.
public enum Tool {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// What the program said; throws that when it failed.
    @discardableResult
    public static func run(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), output: .string(limit: 1 << 20),
            error: .combinedWithOutput)
        let said = result.standardOutput
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "\(program) \(arguments.joined(separator: " ")) failed: \(said.suffix(2000))")
        }
        return said
    }
}
