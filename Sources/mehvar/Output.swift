import ArgumentParser
import CRM
import Foundation

/// How a command prints what it found.
enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, csv }

struct OutputOptions: ParsableArguments {
    @Option(help: "table for people; json or csv for programs.")
    var format: Format = .table

    /// Tells people something beside what they read; programs get nothing of it.
    func note(_ text: String) {
        if format == .table { tell(text) }
    }

    /// Prints rows; `value` is what JSON shows, in the form that the API gives it.
    func print(_ value: some JSONRepresentable, columns: [String], rows: [[String]]) throws {
        try print(columns: columns, rows: rows) {
            try Self.pretty(JSONDecoder().decode(JSONNode.self, from: Data(JSONWriter.bytes(of: value))))
        }
    }

    /// Prints rows; `value` is what JSON shows.
    func print(_ value: some Encodable, columns: [String], rows: [[String]]) throws {
        try print(columns: columns, rows: rows) { try Self.pretty(value) }
    }

    private static func pretty(_ value: some Encodable) throws -> String {
        let encoder = JSONCoding.encoder()
        encoder.outputFormatting.formUnion([.prettyPrinted, .sortedKeys])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private func print(columns: [String], rows: [[String]], json: () throws -> String) throws {
        switch format {
        case .json: Swift.print(try json())
        case .csv:
            for row in [columns] + rows { Swift.print(row.map(Self.quoted).joined(separator: ",")) }
        case .table: Swift.print(Self.table(columns, rows))
        }
    }

    private static func quoted(_ cell: String) -> String {
        cell.contains { ",\"\r\n".contains($0) }
            ? "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : cell
    }

    private static func table(_ columns: [String], _ rows: [[String]]) -> String {
        let widths = columns.indices.map { index in ([columns] + rows).map { $0[index].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([line(columns), rule] + rows.map(line)).joined(separator: "\n")
    }
}

/// A line for people on standard error.
func tell(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

extension Date {
    /// To the minute, in UTC.
    var short: String { String(JSONCoding.rfc3339(self).prefix(16)).replacingOccurrences(of: "T", with: " ") }
}
