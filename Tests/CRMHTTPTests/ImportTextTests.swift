import Testing

@testable import CRM
@testable import CRMHTTP

@Suite("What is said of files")
struct ImportTextTests {
    @Test func `Every column that a file may have stands in the documentation`() {
        for column in CustomerRecord.Column.allCases {
            #expect(
                ImportText.chapter.contains(column.family == nil ? "`\(column.name)`" : "`\(column.name).…`"),
                "\(column)")
        }
        for column in OrderRecord.Column.allCases {
            #expect(ImportText.chapter.contains("`\(column.name)`"), "\(column)")
        }
        for note in ImportNotes.passedOver { #expect(ImportText.chapter.contains("`\(note)`"), "\(note)") }
    }
}
