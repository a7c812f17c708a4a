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
                == ["MEHVAR_DATABASE_URL_FILE names /nowhere, which cannot be read (environment)"])
    }

    @Test func `Everything that is wrong is told at once, wherever it stands`() throws {
        try withFile("MEHVAR_POOL_SIZE=none\nMEHVAR_POOL_SIZ=4\nport 80\nMEHVAR_HOST=a\nMEHVAR_HOST=b\n") { file in
            let found = mistakes(
                ["--prot", "80", "--port", "--drain-seconds=1000", "--host", "a", "--host=b"],
                ["MEHVAR_CONFIG": file, "MEHVAR_STATEMENTS": "both", "MEHVAR_TRUSTED_PROXIES": "10.0.0.0/8,somewhere"])
            #expect(
                found == [
                    "--prot is no setting; did you mean --port?", "--port needs a value",
                    "--host stands twice",
                    "\(file), line 2: MEHVAR_POOL_SIZ is no setting; did you mean MEHVAR_POOL_SIZE?",
                    "\(file), line 3 is not NAME=VALUE", "\(file), line 5: MEHVAR_HOST stands twice",
                    "MEHVAR_POOL_SIZE is a whole number from 1 to 1000, not \"none\" (\(file), line 1)",
                    "MEHVAR_STATEMENTS is prepared, or unprepared behind PgBouncer, not \"both\" (environment)",
                    "--drain-seconds is a whole number from 0 to 600, not \"1000\"",
                    "MEHVAR_TRUSTED_PROXIES is a list of networks, such as 10.0.0.0/8,127.0.0.1, not \"somewhere\" "
                        + "(environment)",
                ])
        }
    }

    @Test func `What may be a secret is told without its value`() throws {
        #expect(
            mistakes([], ["MEHVAR_PUBLIC_URL": "ftp://me:secret@crm.example"])
                == ["MEHVAR_PUBLIC_URL begins with http:// or https:// (environment)"])
        for flag in ["--mail-url=imap://me:secret@mail.example", "--database-url=mysql://me:secret@db.example/mehvar"] {
            let found = mistakes([flag])
            #expect(found.count == 1 && found.first?.contains("secret") == false, "\(found)")
        }
        try withFile("ftp://me:secret@crm.example\n") { file in
            #expect(
                mistakes([], ["MEHVAR_PUBLIC_URL_FILE": file])
                    == ["what MEHVAR_PUBLIC_URL_FILE names begins with http:// or https:// (environment)"])
        }
    }

    @Test(
        "A database is named by a libpq URL without a user",
        arguments: [
            ("postgresql:///mehvar", nil), ("postgres://db.example:5433/mehvar?host=/run/a%40b&sslmode=require", nil),
            ("postgresql://:secret@db.example/mehvar", nil), ("host=/run dbname='a user=b' password='x'", nil),
            ("mysql://db.example/mehvar", "mysql:// is none"), ("http://db.example", "http:// is none"),
            ("postgresql://root@db.example/mehvar", "names a user"),
            ("postgresql://root:secret@db.example/mehvar", "names a user"),
            ("postgresql:///mehvar?host=/run&user=root", "names a user"), ("dbname=mehvar user=root", "names a user"),
        ] as [(String, String?)])
    func databaseURL(url: String, why: String?) {
        let found = mistakes([], ["MEHVAR_DATABASE_URL": url])
        guard let why else {
            #expect(found == [], "\(url)")
            return
        }
        #expect(found.count == 1 && found.first?.contains(why) == true, "\(url): \(found)")
        #expect(found.first?.hasPrefix("MEHVAR_DATABASE_URL ") == true && found.first?.contains("secret") == false)
    }

    @Test func `A variable that is no setting is told, and refuses nothing`() throws {
        let settings = try Settings(
            flags: [],
            environment: [
                "MEHVAR_POOL_SIZ": "4", "MEHVAR_SERVICE_HOST": "10.0.0.1", "MEHVAR_HOME": "/x", "MEHVAR_TEST_X": "1",
                "MEHVAR_BENCH_X": "1", "MEHVAR_MAIL_URL": "maildir:///x", "MEHVAR": "x", "HOME": "/root",
            ])
        #expect(
            settings.warnings == [
                "MEHVAR_POOL_SIZ of the environment is no setting; did you mean MEHVAR_POOL_SIZE?",
                "MEHVAR_SERVICE_HOST of the environment is no setting",
            ])
        #expect(try Settings(flags: ["--pool-size=4"], environment: [:]).warnings == [])
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
