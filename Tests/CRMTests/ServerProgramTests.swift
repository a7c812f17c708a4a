import CRM
import Foundation
import TestSupport
import Testing

/// `mehvar-api` and `mehvar-worker`, as processes that end at once.
@Suite("How the servers end")
struct ServerProgramTests {
    @Test(
        "A wrong command line is told with the usage, and ends a server with 64",
        arguments: ["mehvar-api", "mehvar-worker"])
    func misuse(program: String) async throws {
        let wrong = try await Program.run(program, ["--prot=80"], on: .administrative)
        #expect(wrong.status == 64 && wrong.output == "")
        for text in ["--prot is no setting; did you mean --port?", "Usage: \(program) "] {
            #expect(wrong.errors.contains(text), "\(wrong.errors)")
        }
    }

    @Test("Each says which release it is of", arguments: ["mehvar", "mehvar-api", "mehvar-worker"])
    func version(program: String) async throws {
        let told = try await Program.run(program, ["--version"], on: .administrative)
        #expect(told.status == 0 && told.output == "\(Release.version)\n", "\(told.output)\(told.errors)")
    }

    @Test(
        "A port that is taken is told in one line, with what to do",
        arguments: [
            ("mehvar-api", "MEHVAR_PORT", "--port"),
            ("mehvar-worker", "MEHVAR_MONITORING_PORT", "--monitoring-port"),
        ])
    func takenPort(program: String, name: String, flag: String) async throws {
        try await withMigratedDatabase { server in
            let port = try TakenPort()
            let spool = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: spool) }
            let ended = try await Program.run(
                program, [], on: server, settings: [name: String(port.number), "MEHVAR_SPOOL_DIR": spool.path])
            #expect(ended.status == 1)
            let line =
                "\(program): port \(port.number) of 127.0.0.1 is taken: end what listens there, "
                + "or name another port with \(flag) or \(name)"
            #expect(ended.errors.split(separator: "\n").contains(Substring(line)), "\(ended.errors)")
            #expect(!ended.errors.contains("Usage:"))
        }
    }
}
