import CRM
import Foundation
import Logging
import TestSupport
import Testing

@Suite("Where settings stand")
struct SettingsSourceTests {
    private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString)")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    private func mistakes(_ flags: [String] = [], _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try Settings(flags: flags, environment: environment)
            return []
        } catch {
            return (error as? SettingsError)?.mistakes ?? ["\(error)"]
        }
    }

    @Test func `Flags go before the environment, and that before the file`() throws {
        try withFile("# the deployment's\r\nMEHVAR_POOL_SIZE=3\r\nMEHVAR_PORT = 9003\n\nMEHVAR_LOG_LEVEL=debug\n") {
            file in
            let settings = try Settings(
                flags: ["--pool-size", "5"],
                environment: ["MEHVAR_POOL_SIZE": "4", "MEHVAR_PORT": "9004", "MEHVAR_CONFIG": file])
            #expect(settings.poolSize == 5 && settings.port == 9004 && settings.logLevel == .debug)
            let named = try Settings(
                flags: ["--config=\(file)", "--port=9005", "--worker-queues", "default,mail"], environment: [:])
            #expect(named.poolSize == 3 && named.port == 9005 && named.worker.queues == ["default", "mail"])
        }
    }

    @Test func `A secret may stand in a file of its own`() throws {
        try withFile("smtp://user:secret@mail.example:2525\n") { file in
            let settings = try Settings(flags: [], environment: ["MEHVAR_MAIL_URL_FILE": file])
            #expect("\(settings.mailURL)".contains("mail.example"))
            let flagged = try Settings(flags: ["--mail-url=maildir:///x"], environment: ["MEHVAR_MAIL_URL_FILE": file])
            #expect(!"\(flagged.mailURL)".contains("mail.example"))
            #expect(
                mistakes([], ["MEHVAR_MAIL_URL_FILE": file, "MEHVAR_MAIL_URL": "maildir:///x"])
                    == ["MEHVAR_MAIL_URL and MEHVAR_MAIL_URL_FILE are both set"])
        }
        #expect(
            mistakes([], ["MEHVAR_DATABASE_URL_FILE": "/nowhere"])
                == ["MEHVAR_DATABASE_URL_FILE names /nowhere, which cannot be read"])
    }

    @Test func `Everything that is wrong is told at once, wherever it stands`() throws {
        try withFile("MEHVAR_POOL_SIZE=none\nMEHVAR_POOL_SIZ=4\nport 80\nMEHVAR_HOST=a\nMEHVAR_HOST=b\n") { file in
            let found = mistakes(
                ["--prot", "80", "--port", "--drain-seconds=1000", "--host", "a", "--host=b"],
                ["MEHVAR_CONFIG": file, "MEHVAR_STATEMENTS": "both", "MEHVAR_TRUSTED_PROXIES": "10.0.0.0/8,somewhere"])
            #expect(
                found == [
                    "--prot is no setting; --help lists them", "--port needs a value", "--host stands twice",
                    "\(file), line 2: MEHVAR_POOL_SIZ is no setting", "\(file), line 3 is not NAME=VALUE",
                    "\(file), line 5: MEHVAR_HOST stands twice",
                    "MEHVAR_POOL_SIZE is a whole number from 1 to 1000",
                    "MEHVAR_STATEMENTS is prepared, or unprepared behind PgBouncer",
                    "MEHVAR_DRAIN_SECONDS is a whole number from 0 to 600",
                    "MEHVAR_TRUSTED_PROXIES is a list of networks, such as 10.0.0.0/8,127.0.0.1",
                ])
        }
    }

    @Test func `README lists every setting`() throws {
        let readme = try String(
            contentsOf: sqlDirectory.deletingLastPathComponent().appending(path: "README.md"), encoding: .utf8)
        for setting in Settings.all {
            #expect(readme.contains("| `\(setting.name)` |"), "\(setting.name)")
        }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
    ])
    func `A range has the addresses that begin alike`(range: String, address: String, isIn: Bool) throws {
        #expect(try #require(NetworkRange(range)).contains(try #require(IPAddress(address))) == isIn)
    }
}
