public import ArgumentParser
import CRM
import Foundation
public import JobQueue
import Postgres

struct JobCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Shows and steers the background jobs of all tenants.",
        subcommands: [List.self, Show.self, Retry.self, Cancel.self, Pause.self, Resume.self, Stats.self])
}

/// Which jobs a command means.
struct JobSelection: ParsableArguments {
    @Option(help: "Only jobs of the tenant with this slug.")
    var tenant: String?
    @Option(help: "Only jobs of this queue.")
    var queue: String?
    @Option(help: "Only jobs of this kind, such as campaign.send.")
    var kind: String?

    func validate() throws {
        if let queue { try requireName(queue, "--queue") }
        if let kind { try requireName(kind, "--kind") }
    }

    /// Whether it names anything.
    var isNarrowed: Bool { tenant != nil || queue != nil || kind != nil }

    func filter(_ deployment: Deployment) async throws -> JobFilter {
        JobFilter(tenantID: try await deployment.tenantID(tenant), queue: queue, kind: kind)
    }
}

extension JobPlace: ExpressibleByArgument {}

extension JobCommands {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists jobs, the newest first.",
            discussion: """
                States: scheduled (not due yet), ready, running, dead (given up, until somebody retries it), done (for as long as \
                finished jobs are kept).
                """)

        @Option(help: "scheduled, ready, running, dead or done.")
        var state: JobPlace = .dead
        @OptionGroup var selection: JobSelection
        @Option(help: "At most so many.")
        var limit = 50
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if !(1...10_000).contains(limit) { throw ValidationError("--limit is 1 to 10000.") }
        }

        func run() async throws {
            let deployment = try Deployment()
            let filter = try await selection.filter(deployment)
            let jobs = try await deployment.queue.pipeline(OperateStatements.list(state, filter, limit: limit))
            let slugs = try await deployment.slugs()
            try output.print(
                jobs.map { JobView($0, slugs) },
                columns: ["id", "tenant", "state", "queue", "kind", "attempt", "note", "due", "last_error"],
                rows: jobs.map { job in
                    [
                        job.id.id.uuidString.lowercased(), slugs[job.id.tenantID] ?? "?", job.place.rawValue, job.queue,
                        job.kind,
                        "\(job.attempt)" + (job.maxAttempts.map { "/\($0)" } ?? ""), job.note ?? "", job.runAt.short,
                        String(job.failures.last?.error.prefix(60) ?? ""),
                    ]
                })
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one job with its parameters and the error of every attempt.")

        @Argument(help: "The job's id.")
        var id: UUID

        func run() async throws {
            let deployment = try Deployment()
            let jobs = try await deployment.queue.pipeline(OperateStatements.find(id))
            guard !jobs.isEmpty else { throw ServiceError.notFound("job") }
            let slugs = try await deployment.slugs()
            let encoder = JSONCoding.encoder()
            encoder.outputFormatting.formUnion([.prettyPrinted, .sortedKeys])
            for job in jobs { print(String(decoding: try encoder.encode(JobView(job, slugs)), as: UTF8.self)) }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts dead jobs back into the queue, with all their attempts before them.",
            discussion: "By their ids, or with --all those of a selection, at most 10000 at once.")

        @Argument(help: "The ids of dead jobs.")
        var ids: [UUID] = []
        @Flag(help: "All dead jobs of the selection.")
        var all = false
        @OptionGroup var selection: JobSelection

        func validate() throws { try requireTarget(ids, all, selection) }

        func run() async throws {
            let deployment = try Deployment()
            let jobs = try await deployment.jobs(ids, in: [.dead], selection)
            let revived = try await deployment.queue.pipeline(OperateStatements.retry(jobs))
            try await deployment.queue.pipeline(EnqueueSignal.statement)
            print("\(jobs: revived) wait\(revived == 1 ? "s" : "") again")
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancels jobs: those that wait at once, while those that run are asked to stop.",
            discussion: "By their ids, or with --all those of a selection, at most 10000 of each state at once.")

        @Argument(help: "The ids of jobs that wait or run.")
        var ids: [UUID] = []
        @Flag(help: "All jobs of the selection that wait or run.")
        var all = false
        @OptionGroup var selection: JobSelection

        func validate() throws { try requireTarget(ids, all, selection) }

        func run() async throws {
            let deployment = try Deployment()
            let jobs = try await deployment.jobs(ids, in: [.scheduled, .ready, .running], selection)
            let (cancelled, asked) = try await deployment.queue.pipeline(OperateStatements.cancel(jobs))
            try await deployment.queue.pipeline(EnqueueSignal.statement)
            print("\(jobs: cancelled) cancelled, \(asked) that run asked to stop")
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets no job of a queue be started, of one tenant or of all; those that run go on.",
            discussion: "The product's own jobs are in \(JobQueues.all.joined(separator: ", ")).")

        @Argument(help: "The queue.")
        var queue: String
        @Option(help: "Only for the tenant with this slug.")
        var tenant: String?

        func validate() throws { try requireName(queue, "<queue>") }

        func run() async throws { try await setPaused(true, queue, tenant) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets the jobs of a paused queue be started again.")

        @Argument(help: "The queue.")
        var queue: String
        @Option(help: "Only for the tenant with this slug.")
        var tenant: String?

        func validate() throws { try requireName(queue, "<queue>") }

        func run() async throws { try await setPaused(false, queue, tenant) }
    }

    struct Stats: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How the queues stand: what waits, how old it is, how long jobs took to start and to run.",
            discussion: """
                paused is yes, or for how many tenants alone. Times are those of jobs that ended within the last hour, in \
                milliseconds; worst_tenant is the tenant whose jobs waited longest, at the 99th percentile. Below the table: dead \
                rows of job.job, which slow claims down until they are vacuumed away.
                """)

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let deployment = try Deployment()
            let (stats, hot) = try await deployment.queue.pipeline(
                QueueStatistics.statement, HotTableStatistics.statement)
            let slugs = try await deployment.slugs()
            func paused(_ queue: QueueStatistics) -> String {
                if queue.isPaused { return "yes" }
                return queue.pausedTenants > 0 ? "for \(queue.pausedTenants)" : ""
            }
            func number(_ value: Double?) -> String { value.map { String(format: "%.0f", $0) } ?? "" }
            try output.print(
                stats.map { QueueView($0, slugs) },
                columns: [
                    "queue", "paused", "ready", "oldest_s", "scheduled", "running", "dead", "done", "start_p50_ms",
                    "start_p99_ms", "run_p50_ms", "run_p99_ms", "worst_tenant", "its_p99_ms",
                ],
                rows: stats.map { queue in
                    [
                        queue.queue, paused(queue), "\(queue.ready)", number(queue.oldestReadySeconds),
                        "\(queue.scheduled)", "\(queue.running)", "\(queue.dead)", "\(queue.done)",
                        number(queue.startP50), number(queue.startP99), number(queue.runP50), number(queue.runP99),
                        queue.worstTenant.map { slugs[$0] ?? "?" } ?? "", number(queue.worstTenantP99),
                    ]
                })
            guard output.format == .table else { return }
            let vacuum = hot.vacuumedAt.map { "vacuumed last \($0.short)" } ?? "never vacuumed"
            print("\njob.job: \(hot.deadTuples) dead rows, \(hot.bytes / 1024) kB with its indexes, \(vacuum)")
        }
    }
}

private func requireTarget(_ ids: [UUID], _ all: Bool, _ selection: JobSelection) throws {
    if ids.isEmpty != all { throw ValidationError("Name jobs by their ids, or a selection with --all.") }
    if !all, selection.isNarrowed {
        throw ValidationError("--tenant, --queue and --kind narrow --all; jobs that are named by <ids> need none.")
    }
}

/// Longer ones cannot be in the database.
private func requireName(_ name: String, _ argument: String) throws {
    if !(1...100).contains(name.unicodeScalars.count) {
        throw ValidationError("\(argument) is a name of 1 to 100 characters.")
    }
}

private func setPaused(_ isPaused: Bool, _ queue: String, _ tenant: String?) async throws {
    let deployment = try Deployment()
    let id = try await deployment.tenantID(tenant)
    let known = try await deployment.queues(deployment.queue)
    guard known.contains(queue) else {
        throw Failure("There is no queue \"\(queue)\", but \(known.joined(separator: ", ")).")
    }
    _ = try await deployment.queue.pipeline(OperateStatements.setPaused(isPaused, queue: queue, tenant: id))
    if !isPaused { try await deployment.queue.pipeline(EnqueueSignal.statement) }
    print("\(queue) \(isPaused ? "is paused" : "goes on")" + (tenant.map { " for \($0)" } ?? " for all tenants"))
    guard !isPaused, tenant == nil else { return }
    let slugs = try await deployment.slugs()
    let still: [UUID] = try await deployment.queue.pipeline(OperateStatements.tenantsPaused(in: queue))
    for id in still {
        let slug = slugs[id] ?? id.uuidString.lowercased()
        print("but stays paused for \(slug): mehvar jobs resume \(queue) --tenant \(slug)")
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(jobs count: Int) {
        appendLiteral(count == 1 ? "1 job" : "\(count) jobs")
    }
}

extension Deployment {
    /// The queues that there are: of the product's own jobs, and whatever others have jobs or are paused.
    func queues(_ pool: Pool) async throws -> [String] {
        Set(try await pool.pipeline(QueueStatistics.statement).map(\.queue)).union(JobQueues.all).sorted()
    }

    /// The id of the tenant with this slug; `nil` for none.
    fileprivate func tenantID(_ slug: String?) async throws -> UUID? {
        guard let slug else { return nil }
        return try await context(tenant: slug).tenantID.rawValue
    }

    fileprivate func slugs() async throws -> [UUID: String] {
        Dictionary(uniqueKeysWithValues: try await tenants.list().map { ($0.id.rawValue, $0.slug) })
    }

    /// The jobs with these ids, or of the selection, that stand in these places.
    fileprivate func jobs(
        _ ids: [UUID], in places: [JobPlace], _ selection: JobSelection
    ) async throws -> [JobReference] {
        var jobs: [JobReference] = []
        for id in ids {
            let all = try await queue.pipeline(OperateStatements.find(id))
            guard let first = all.first else { throw ServiceError.notFound("job \(id.uuidString.lowercased())") }
            let found = all.filter { places.contains($0.place) }
            guard !found.isEmpty else {
                throw ServiceError.conflict(
                    code: "job_state",
                    detail: "Job \(id.uuidString.lowercased()) is \(first.place.rawValue), not "
                        + "\(places.map(\.rawValue).joined(separator: " or ")).")
            }
            jobs += found.map(\.id)
        }
        guard ids.isEmpty else { return jobs }
        let filter = try await selection.filter(self)
        for place in places {
            jobs += try await queue.pipeline(OperateStatements.list(place, filter, limit: 10_000)).map(\.id)
        }
        return jobs
    }
}
