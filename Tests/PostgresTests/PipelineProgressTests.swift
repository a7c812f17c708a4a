import Testing

@testable import Postgres

@Suite struct PipelineProgressTests {
    private func play(_ commands: Int, _ events: [PipelineProgress.Event]) -> (accepted: [Bool], end: PipelineProgress)
    {
        var progress = PipelineProgress(commandCount: commands)
        return (events.map { progress.receive($0) }, progress)
    }

    @Test func `two commands and the Sync are answered in order`() {
        let (accepted, end) = play(2, [.succeeded, .endOfCommand, .succeeded, .endOfCommand, .sync])
        #expect(accepted.allSatisfy { $0 })
        #expect(end.isFinished && end.firstFailure == nil)
    }

    @Test func `after a failure the later commands are skipped and the Sync still comes`() {
        let (accepted, end) = play(
            3, [.succeeded, .endOfCommand, .failed, .endOfCommand, .aborted, .endOfCommand, .sync])
        #expect(accepted.allSatisfy { $0 })
        #expect(end.isFinished && end.firstFailure == 1)
    }

    @Test func `what has a Sync of its own may fail by itself`() {
        var progress = PipelineProgress(commandCount: 2, apart: 1)
        let events: [PipelineProgress.Event] = [.failed, .endOfCommand, .sync, .succeeded, .endOfCommand, .sync]
        #expect(events.allSatisfy { progress.receive($0) })
        #expect(progress.isFinished && progress.firstFailure == nil)
    }

    @Test func `what has a Sync of its own is not followed by others before it`() {
        var progress = PipelineProgress(commandCount: 2, apart: 1)
        let events: [PipelineProgress.Event] = [.succeeded, .endOfCommand, .succeeded]
        #expect(events.map { progress.receive($0) } == [true, true, false])
    }

    @Test func `a Sync may fail, and is answered all the same`() {
        let (accepted, end) = play(1, [.succeeded, .endOfCommand, .failed, .endOfCommand, .sync])
        #expect(accepted.allSatisfy { $0 })
        #expect(end.isFinished && end.firstFailure == 1)
        #expect(play(1, [.failed, .endOfCommand, .failed]).accepted.last == false)
    }

    @Test func `a pipeline without commands is only a Sync`() {
        #expect(play(0, [.sync]).end.isFinished)
        #expect(play(0, [.succeeded]).accepted == [false])
    }

    @Test(arguments: [
        [PipelineProgress.Event.sync],
        [.aborted],
        [.failed, .endOfCommand, .succeeded],
        [.failed, .failed],
        [.succeeded, .endOfCommand, .endOfCommand, .succeeded],
        [.succeeded, .endOfCommand, .succeeded, .endOfCommand, .endOfCommand],
        [.succeeded, .endOfCommand, .succeeded, .endOfCommand, .sync, .sync],
    ])
    func `an answer out of turn is refused`(_ events: [PipelineProgress.Event]) {
        #expect(play(2, events).accepted.last == false)
    }
}
