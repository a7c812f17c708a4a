import Foundation
import Testing

@testable import CRM

@Suite("The CSV reader")
struct CSVReaderTests {
    private struct Row: Equatable, CustomStringConvertible {
        let line: Int
        let cells: [CSVRow.Cell]
        var description: String { "\(line): \(cells)" }
    }

    private static let chunks = [1, 2, 3, 7, 64 * 1024]

    /// Reads the bytes with every size of chunk, which must make no difference.
    private func read(_ bytes: [UInt8], cellBytes: Int = 64 * 1024, columns: Int = 64) throws -> [Row] {
        var results: [[Row]] = []
        for chunk in Self.chunks {
            var reader = CSVReader()
            var rest = bytes[...]
            var row = CSVRow(maximumCellBytes: cellBytes, maximumColumns: columns)
            var rows: [Row] = []
            reading: while true {
                switch reader.next(&row) {
                case .row: rows.append(Row(line: row.line, cells: (0..<min(row.count, columns)).map(row.cell)))
                case .end: break reading
                case .starved:
                    if rest.isEmpty { reader.finish() } else { reader.feed(Array(rest.prefix(chunk))) }
                    rest = rest.dropFirst(chunk)
                }
            }
            #expect(reader.next(&row) == .end, "the end stays the end")
            results.append(rows)
        }
        for (chunk, rows) in zip(Self.chunks, results) {
            #expect(rows == results[0], "chunks of \(chunk) bytes")
        }
        return results[0]
    }

    private func read(_ text: String, cellBytes: Int = 64 * 1024) throws -> [Row] {
        try read(Array(text.utf8), cellBytes: cellBytes)
    }

    private func row(_ line: Int, _ texts: String...) -> Row {
        Row(line: line, cells: texts.map { $0.isEmpty ? .empty : .text($0) })
    }

    @Test("takes LF, CRLF and CR as line ends, with and without one at the end")
    func lineEnds() throws {
        let expected = [row(1, "a", "b"), row(2, "1", "2"), row(3, "3", "4")]
        for end in ["\n", "\r\n", "\r"] {
            #expect(try read("a,b\(end)1,2\(end)3,4\(end)") == expected)
            #expect(try read("a,b\(end)1,2\(end)3,4") == expected)
            #expect(try read("\"a\",\"b\"\(end)\"1\",\"2\"\(end)\"3\",\"4\"") == expected)
        }
    }

    @Test("passes over empty lines but counts them")
    func emptyLines() throws {
        #expect(try read("\n\na,b\n\n1,2\n\n\n") == [row(3, "a", "b"), row(5, "1", "2")])
        #expect(try read("\r\na,b\r\n\r\n1,2\r\n\r\n") == [row(2, "a", "b"), row(4, "1", "2")])
        #expect(try read("\r\ra\r\r1") == [row(3, "a"), row(5, "1")])
        #expect(try read("") == [])
        #expect(try read("\n\r\n\r") == [])
    }

    @Test("keeps empty cells, also the last one")
    func emptyCells() throws {
        #expect(try read("a,,c\n,,\n1,2,") == [row(1, "a", "", "c"), row(2, "", "", ""), row(3, "1", "2", "")])
        #expect(try read("\"\",x\n,\"\"") == [row(1, "", "x"), row(2, "", "")])
    }

    @Test("takes away a byte order mark, at the beginning only")
    func byteOrderMark() throws {
        #expect(try read("\u{FEFF}a,b\n1,2") == [row(1, "a", "b"), row(2, "1", "2")])
        #expect(try read("\u{FEFF}\"a\"") == [row(1, "a")])
        #expect(try read("\u{FEFF}") == [])
        #expect(try read("a,\u{FEFF}b") == [row(1, "a", "\u{FEFF}b")])
    }

    @Test("keeps commas, line ends and doubled quotes of quoted cells")
    func quotes() throws {
        #expect(try read("\"a,b\",\"say \"\"hi\"\"\"\n\"\"\"\",x") == [row(1, "a,b", "say \"hi\""), row(2, "\"", "x")])
        #expect(try read("\"one\ntwo\",x\n1,2") == [row(1, "one\ntwo", "x"), row(3, "1", "2")])
        #expect(try read("\"one\r\ntwo\rthree\",x\r\n1,2") == [row(1, "one\r\ntwo\rthree", "x"), row(4, "1", "2")])
    }

    @Test("cuts blanks and tabs around cells, not within")
    func blanks() throws {
        #expect(try read(" a b ,\tc\t, \n\" d \"") == [row(1, "a b", "c", ""), row(2, "d")])
    }

    @Test("reads Persian text whole at every border of chunks")
    func persian() throws {
        #expect(try read("نام,\"شهر، کشور\"\nعلی,تهران") == [row(1, "نام", "شهر، کشور"), row(2, "علی", "تهران")])
    }

    @Test("names the cell that is not UTF-8 and goes on behind it")
    func notUTF8() throws {
        let latin1: [UInt8] = Array("a,b\nM".utf8) + [0xFC] + Array("ller,2\n3,4\n".utf8)
        let rows = try read(latin1)
        #expect(rows[1] == Row(line: 2, cells: [.faulty(.notUTF8), .text("2")]))
        #expect(rows[2] == row(3, "3", "4"))
        #expect(try read([0xFF, 0xFE, 0x61]) == [Row(line: 1, cells: [.faulty(.notUTF8)])])
    }

    @Test("names the cell with a zero byte")
    func zeroByte() throws {
        #expect(
            try read("a\0b,c\n\"d\0\",e") == [
                Row(line: 1, cells: [.faulty(.zeroByte), .text("c")]),
                Row(line: 2, cells: [.faulty(.zeroByte), .text("e")]),
            ])
    }

    @Test("does not keep a cell over the limit and goes on behind it")
    func longCells() throws {
        #expect(
            try read("aaaa,bbbbb,\"ccccc\"\n1,2,3", cellBytes: 4) == [
                Row(line: 1, cells: [.text("aaaa"), .faulty(.tooLong), .faulty(.tooLong)]), row(2, "1", "2", "3"),
            ])
        let million = [UInt8](repeating: 0x78, count: 1_000_000)
        #expect(
            try read(Array("1,".utf8) + million + Array("\n3,4".utf8)) == [
                Row(line: 1, cells: [.text("1"), .faulty(.tooLong)]), row(2, "3", "4"),
            ])
    }

    @Test("names stray quotes and finds the next row")
    func strayQuotes() throws {
        #expect(
            try read("a\"b,c\n1,2") == [Row(line: 1, cells: [.faulty(.strayQuote), .text("c")]), row(2, "1", "2")])
        #expect(
            try read("\"a\"b,c\n1,2") == [Row(line: 1, cells: [.faulty(.strayQuote), .text("c")]), row(2, "1", "2")])
        #expect(
            try read("x, \"a\"\n1,2") == [Row(line: 1, cells: [.text("x"), .faulty(.strayQuote)]), row(2, "1", "2")])
        #expect(try read("\"a\"\"\"\"b,c\"x\n1") == [Row(line: 1, cells: [.faulty(.strayQuote)]), row(2, "1")])
    }

    @Test("names a quote that is never closed, at the row's first line, without keeping the rest")
    func unterminated() throws {
        #expect(
            try read("a,b\n1,\"2\n3,4\n") == [
                row(1, "a", "b"), Row(line: 2, cells: [.text("1"), .faulty(.unterminatedQuote)]),
            ])
        #expect(try read("\"") == [Row(line: 1, cells: [.faulty(.unterminatedQuote)])])
        let rest = String(repeating: "x,y\n", count: 100_000)
        #expect(try read("1,\"2\n" + rest) == [Row(line: 1, cells: [.text("1"), .faulty(.unterminatedQuote)])])
    }

    @Test("counts the cells of a row beyond those it keeps")
    func manyCells() throws {
        var reader = CSVReader()
        reader.feed(Array(repeating: Byte.comma, count: 1_000_000))
        reader.finish()
        var row = CSVRow(maximumCellBytes: 10, maximumColumns: 3)
        #expect(reader.next(&row) == .row)
        #expect(row.count == 1_000_001)
        #expect(row.cell(2) == .empty)
    }
}
