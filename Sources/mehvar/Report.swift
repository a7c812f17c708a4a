public import ArgumentParser
import CRM
import Foundation

struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a tenant's scores: the whole, each segment, each language, and the latest comments.")

    @Argument(help: "nps, enps, csat or ces.")
    var metric: Metric = .nps
    @Option(help: "The tenant's slug.")
    var tenant: String
    @Option(help: "How many of the latest comments are shown with the table.")
    var comments = 5

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(0...100).contains(comments) { throw ValidationError("--comments is 0 to 100.") }
    }

    func run() async throws {
        let deployment = try Deployment()
        let report = try await ScoreService(database: deployment.database)
            .report(try await deployment.context(tenant: tenant), metric, comments: comments)
        try output.print(
            report,
            columns: [
                "scope", "name", "score", "low", "high", "n", "sent", "response_rate", "promoters", "passives",
                "detractors",
            ], rows: report.rows.map { cells($0) })
        if output.format == .table { printComments(report) }
    }

    /// Rounded for people, exact for programs.
    private func cells(_ row: ScoreReport.Row) -> [String] {
        let tally = row.score.tally
        let estimate = row.score.isWithheld ? nil : tally.estimate(of: row.score.metric)
        let isTable = output.format == .table
        func number(_ value: Double?) -> String {
            guard let value else { return isTable ? "withheld" : "" }
            return isTable ? String(format: "%.1f", value) : String(value)
        }
        func count(_ value: Int) -> String { row.score.isWithheld ? "" : String(value) }
        return [
            row.score.scope.rawValue, row.name, number(estimate?.value), number(estimate?.low), number(estimate?.high),
            String(tally.answers), String(tally.sent),
            tally.responseRate.map { isTable ? String(format: "%.1f %%", $0 * 100) : String($0) } ?? "",
            count(tally.promoters),
            count(tally.passives), count(tally.detractors),
        ]
    }

    private func printComments(_ report: ScoreReport) {
        if report.rows.isEmpty { print("No answers yet.") }
        guard !report.comments.isEmpty else { return }
        print("\nLatest comments (UTC)")
        for comment in report.comments {
            print("  \(comment.submittedAt.short)  \(comment.score.map(String.init) ?? "–")  \(comment.text)")
        }
    }
}

extension Metric: ExpressibleByArgument {}
