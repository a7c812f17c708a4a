import Foundation
import Subprocess
import SystemPackage

/// A program that measures, run to its end.
enum Tool {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the program printed, on both its outputs.
    static func run(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
            output: .string(limit: 1 << 20),
            error: .combinedWithOutput)
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "\(program) failed: \(result.standardOutput.prefix(2000))")
        }
        return result.standardOutput
    }

    /// Has a program run in the background of what is done meanwhile, and ends it then.
    static func running<Result: Sendable>(_ program: String, _ body: () async throws -> Result) async throws -> Result {
        let ended = try await Subprocess.run(
            .path(FilePath(program)), input: .none, output: .discarded, error: .discarded
        ) { execution in
            do {
                let result = try await body()
                try execution.send(signal: .terminate)
                return result
            } catch {
                try execution.send(signal: .terminate)
                throw error
            }
        }
        return ended.closureResult
    }

    /// The number behind `marker` in a program's output.
    static func number(in text: String, after marker: String) throws -> Double {
        guard let range = text.range(of: marker),
            let number = Double(text[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber || $0 == "." })
        else { throw Failure(description: "no \"\(marker)\" in: \(text.suffix(2000))") }
        return number
    }
}
