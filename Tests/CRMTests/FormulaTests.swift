import Testing

@testable import CRM

@Suite("Formulas in files")
struct FormulaTests {
    private func written(_ text: String) -> String {
        var csv = CSVWriter()
        csv.cell(text)
        return String(decoding: csv.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        "=1", "+1", "-1", "@A", "\t=1", "\r=1", "\n=1", "  =1", " \t@", "＝1", "＋98", "－1", "＠A", " ＝1", "\t",
        "=\u{338}",
    ])
    func `Whatever a spreadsheet may take for a formula stands behind an apostrophe`(text: String) {
        #expect(written(text).hasPrefix("'") || written(text).hasPrefix("\"'"))
        for number in 0..<4 {
            let marked = String(repeating: "'", count: number) + text
            #expect(Formula.isOne(marked.utf8) && Formula.bared("'" + marked) == marked)
        }
    }

    @Test(arguments: ["", "'", "''", "a=1", "1-2", "'a", "سلام", "'سلام", "｜=1", "！", " ", "名=1"])
    func `Other texts are as they are`(text: String) {
        #expect(!Formula.isOne(text.utf8) && Formula.bared(text) == text)
        #expect(written(text).replacing("\"", with: "") == text)
    }
}
