import ArgumentParser
import CRM
import Foundation

struct SigningKeyCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing-keys",
        abstract: "Makes and rotates the keys that members' access tokens are signed with.",
        subcommands: [Rotate.self])

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a new key in front of those in a file; makes the file if there is none.",
            discussion: """
                The new key signs from then on. Tokens that older keys signed are good for as long as those stand in the file; \
                a token lives for a quarter of an hour, so that rotating twice within that time is the soonest that signs \
                anybody out. Running servers read the file anew within seconds; all of them need the same file. \
                MEHVAR_SIGNING_KEYS names it to them.
                """)

        @Argument(help: "The file, such as /etc/mehvar/signing-keys.json.")
        var file: String
        @Option(help: "How many of the old keys stay.")
        var keep = 1

        func validate() throws {
            guard (0...10).contains(keep) else { throw ValidationError("--keep is 0 to 10.") }
        }

        func run() throws {
            let file = URL(filePath: file)
            let isThere = FileManager.default.fileExists(atPath: file.path)
            let keys = isThere ? try SigningKeys(file: file).rotated(keeping: keep) : .random()
            try keys.write(to: file)
            print(
                isThere
                    ? "\(file.path): a new key signs; of the old ones at most \(keep) still count"
                    : "\(file.path) is made, with one key")
        }
    }
}
