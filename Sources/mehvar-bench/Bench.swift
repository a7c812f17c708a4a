import ArgumentParser

/// `mehvar-bench`: measures, always beside a floor of the same run. `deploy/bench` prepares what it needs.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mehvar-bench",
        abstract: "Measures Mehvar beside what plain C programs reach on the same machine in the same run.",
        discussion: "Run it through deploy/bench, which makes a database and starts the servers.",
        subcommands: [
            APIBench.self, ImportBench.self, ScaleBench.self, WireBench.self, QueueBench.self, HeldBench.self,
        ])
}

struct BenchOptions: ParsableArguments {
    @Flag(help: "One JSON document on standard output instead of the table.")
    var json = false
    @Flag(help: "Fails when a case does not reach its goal.")
    var check = false
    @Option(help: "Interleaved runs of each case and its floor; medians are shown.")
    var runs = 3
    @Option(help: "Seconds of one run.")
    var seconds = 5

    func validate() throws {
        if !(1...99).contains(runs) || !(1...600).contains(seconds) {
            throw ValidationError("--runs is 1 to 99, --seconds 1 to 600.")
        }
    }
}
