import Foundation

/// A program that measures, run to its end.
enum Tool {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Standard output of the program. What it says on standard error is shown when it fails.
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                description: "\(program) ended with \(process.terminationStatus): "
                    + String(decoding: complaint + text, as: UTF8.self).suffix(2000))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The number behind `marker` in a program's output.
    static func number(in text: String, after marker: String) throws -> Double {
        guard let range = text.range(of: marker),
            let number = Double(
                text[range.upperBound...].drop { $0 == " " }.prefix { $0.isNumber || $0 == "." })
        else { throw Failure(description: "no \"\(marker)\" in: \(text.suffix(2000))") }
        return number
    }
}
