import Foundation
import Subprocess

/// The folder of this process's own servers, under /tmp, which is removed with them when the process ends, however it ends.
struct OwnServerFolder: Sendable {
    static let shared = Task { try await OwnServerFolder() }

    /// The data folder of a fresh cluster, to be copied: `initdb` takes longer.
    static let initialised = Task {
        let folder = try await shared.value.unused()
        let data = folder + "/data"
        try Data(OwnServer.password.utf8).write(to: URL(filePath: folder + "/password"))
        try await install(folder + "/password", as: folder + "/password-of-postgres")
        try await asServer([
            try program("initdb"), "-D", data, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth-local=peer", "--auth-host=scram-sha-256", "--no-sync",
            "--pwfile", folder + "/password-of-postgres",
        ])
        return data
    }

    let path: String

    private init() async throws {
        let path = "/tmp/own-\(getpid())-\(UInt32.random(in: .min ... .max))"
        try await OwnServerFolder.makeFolder(path)
        self.path = path
        // The shell reads until this process is gone. What is left then is a test that was interrupted.
        let keeper = """
            trap '' HUP INT TERM
            read -r _
            for file in "$1"/*/data/postmaster.pid; do
                [ -f "$file" ] && read -r pid <"$file" && kill -QUIT "$pid" && tail --pid="$pid" -f /dev/null
            done
            rm -rf -- "$1"
            """
        var options = PlatformOptions()
        options.createSession = true
        Task.detached { [options] in
            _ = try await Subprocess.run(
                .name("sh"), arguments: ["-c", keeper, "keeper", path], platformOptions: options,
                input: .inputWriter, output: .discarded, error: .discarded
            ) { _ in
                try await untilCancelled()
            }
        }
    }

    /// A new folder in it.
    func unused() async throws -> String {
        let folder = "\(path)/\(UInt32.random(in: .min ... .max))"
        try await Self.makeFolder(folder)
        return folder
    }

    /// A folder of the server's user alone.
    private static func makeFolder(_ path: String) async throws {
        try await Tool.run("install", ["-d", "-m", "0700"] + owner + [path])
    }

    /// Copies a file to where the server, and nobody else, may read it.
    static func install(_ file: String, as copy: String) async throws {
        try await Tool.run("install", ["-m", "0600"] + owner + [file, copy])
    }

    // MARK: The server's user

    /// PostgreSQL refuses to run as root.
    private static let isRoot = getuid() == 0
    private static let owner = isRoot ? ["-o", "postgres", "-g", "postgres"] : []

    static func asServer(_ command: [String]) async throws {
        let clean = ["env", "-i", "-C", "/", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"] + command
        if isRoot {
            let user = ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
            try await Tool.run("setpriv", user + clean)
        } else {
            try await Tool.run("env", Array(clean.dropFirst()))
        }
    }

    /// Where a program of the newest PostgreSQL is.
    static func program(_ name: String) throws -> String {
        let all = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").compactMap { Int($0) }
        guard let newest = all.max() else { throw Tool.Failure(description: "there is no PostgreSQL server") }
        return "/usr/lib/postgresql/\(newest)/bin/\(name)"
    }
}
