import Dispatch
import Synchronization
import Testing

@testable import Postgres

/// What other threads bring to a poller's, without a poller.
@Suite(.timeLimit(.minutes(1))) struct WorkInboxTests {
    /// Gathers the jobs of tasks, to be run by hand.
    private final class ByHand: TaskExecutor {
        private let jobs = Shared<[UnownedJob]>([])

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.change { $0.append(job) }
        }

        /// The jobs of so many new tasks, which note their numbers when they run.
        func jobs(_ count: Int, noting numbers: Shared<[Int]>) -> [PollerWork] {
            for number in 0..<count { Task(executorPreference: self) { numbers.change { $0.append(number) } } }
            return jobs.value.map { .job($0) }
        }

        func run(_ works: [PollerWork]) {
            for case .job(let job) in works { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    @Test func `jobs are taken once, all that are there, in order of arrival`() {
        let (inbox, executor, ran) = (WorkInbox(), ByHand(), Shared<[Int]>([]))
        let jobs = executor.jobs(5, noting: ran)
        #expect(jobs.count == 5)
        var taken: [PollerWork] = []
        inbox.take(into: &taken)
        #expect(taken.isEmpty)
        for job in jobs[..<3] { #expect(!inbox.append(job)) }
        inbox.take(into: &taken)
        #expect(taken.count == 3)
        executor.run(taken)
        taken = []
        inbox.take(into: &taken)
        #expect(taken.isEmpty)
        for job in jobs[3...] { #expect(!inbox.append(job)) }
        inbox.take(into: &taken)
        executor.run(taken)
        #expect(ran.value == [0, 1, 2, 3, 4])
    }

    @Test func `who sleeps is woken once, and who has something to do does not sleep`() {
        let (inbox, executor, ran) = (WorkInbox(), ByHand(), Shared<[Int]>([]))
        let jobs = executor.jobs(5, noting: ran)
        // Awake, nobody has to be woken, but then there is something to do.
        #expect(!inbox.append(jobs[0]))
        #expect(!inbox.sleep())
        inbox.awake()
        var taken: [PollerWork] = []
        inbox.take(into: &taken)
        executor.run(taken)
        #expect(inbox.sleep())
        #expect(inbox.append(jobs[1]) && !inbox.append(jobs[2]))
        inbox.awake()
        #expect(!inbox.append(jobs[3]))
        taken = []
        inbox.take(into: &taken)
        executor.run(taken)
        // One that woke up by itself.
        #expect(inbox.sleep())
        inbox.awake()
        #expect(!inbox.append(jobs[4]))
        taken = []
        inbox.take(into: &taken)
        executor.run(taken)
        #expect(ran.value == [0, 1, 2, 3, 4])
    }

    /// Runs its jobs on a thread of its own, which sleeps when there are none, as a poller's does.
    private final class Sleeper: TaskExecutor {
        private let inbox = WorkInbox()
        private let alarm = DispatchSemaphore(value: 0)
        private let isOver = Atomic<Bool>(false)
        private let nights = Atomic<Int>(0)
        private let oversleeps = Atomic<Int>(0)

        var sleeps: Int { nights.load(ordering: .relaxed) }
        /// How often it slept although there was something to do.
        var overslept: Int { oversleeps.load(ordering: .relaxed) }

        func enqueue(_ job: consuming ExecutorJob) {
            if inbox.append(.job(UnownedJob(job))) { alarm.signal() }
        }

        func start() -> Bool {
            startThread {
                var jobs: [PollerWork] = []
                while !self.isOver.load(ordering: .acquiring) {
                    self.inbox.take(into: &jobs)
                    for case .job(let job) in jobs { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
                    jobs.removeAll()
                    if self.inbox.sleep() {
                        self.nights.wrappingAdd(1, ordering: .relaxed)
                        let isWoken = self.alarm.wait(timeout: .now() + 20) == .success
                        if !isWoken, !self.inbox.sleep() { self.oversleeps.wrappingAdd(1, ordering: .relaxed) }
                    }
                    self.inbox.awake()
                }
            }
        }

        func stop() {
            isOver.store(true, ordering: .releasing)
            alarm.signal()
        }
    }

    @Test func `no job is overslept, however it comes between looking and sleeping`() async throws {
        let (executor, ran) = (Sleeper(), Shared(0))
        try #require(executor.start())
        defer { executor.stop() }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 {
                        // There, and back again.
                        await Task(executorPreference: executor) { ran.change { $0 += 1 } }.value
                    }
                }
            }
        }
        #expect(ran.value == 20_000 && executor.sleeps > 0 && executor.overslept == 0)
    }
}
