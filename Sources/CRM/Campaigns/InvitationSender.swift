import Foundation
import JobQueue
package import Mail
import Postgres

/// Sends invitations and keeps the ledger true whatever happens in between.
///
/// Each group is marked `sending` before the first message leaves, and its outcome recorded after. Who dies in between leaves
/// `sending`; whoever comes next asks the transport whether the message was delivered, and names it `unknown` if nobody can tell.
package struct InvitationSender: Sendable {
    package struct Report: Sendable, Equatable {
        package var sent = 0
        package var failed = 0
        package var unknown = 0
        /// Still planned: the transport could not take them now.
        package var delayed = 0
    }

    /// So many are marked, sent side by side and recorded together.
    private static let group = 20

    private let database: Database
    private let transport: any MailTransport
    /// Where the response pages are, without a slash at the end.
    private let publicURL: String

    package init(database: Database, transport: any MailTransport, publicURL: String) {
        self.database = database
        self.transport = transport
        self.publicURL = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
    }

    /// Sends what is still to be sent of a stretch of the ledger.
    package func send(_ context: TenantContext, _ job: SendInvitations) async throws -> Report {
        let tenant = context.tenantID
        let (letter, pending) = try await database.pipeline(
            context, InvitationLetter.find(tenant, job.campaignID),
            InvitationStatements.pending(tenant, job.campaignID, from: job.first, to: job.last))
        guard let letter else { return Report() }
        var report = Report()
        let left = try await settle(context, pending, letter, &report)
        for start in stride(from: 0, to: left.count, by: Self.group) {
            if Task.isCancelled { throw CancellationError() }
            try await send(context, Array(left[start..<min(start + Self.group, left.count)]), letter, &report)
            // A transport that cannot take one will not take the next either.
            if report.delayed > 0 {
                report.delayed += max(0, left.count - start - Self.group)
                break
            }
        }
        _ = try await database.run(context, CampaignStatements.finish(tenant, job.campaignID))
        return report
    }

    /// Finds out what became of those that a sender who died had marked; gives all that are to be sent.
    private func settle(
        _ context: TenantContext, _ pending: [InvitationStatements.Pending], _ letter: InvitationLetter,
        _ report: inout Report
    ) async throws -> [InvitationStatements.Pending] {
        var outcomes: [InvitationStatements.Outcome] = []
        for invitation in pending where invitation.state == .sending {
            let state: Invitation.State =
                switch try await transport.delivered(DeliveryID(invitation.id.rawValue)) {
                case .some(true): .sent
                case .some(false): .planned
                case .none: .unknown
                }
            outcomes.append(InvitationStatements.Outcome(id: invitation.id, state: state, reason: nil))
        }
        try await record(context, outcomes, letter, &report)
        report.delayed = 0  // those that were not delivered are sent now
        let gone = Set(outcomes.filter { $0.state != .planned }.map(\.id))
        return pending.filter { !gone.contains($0.id) }
    }

    private func send(
        _ context: TenantContext, _ group: [InvitationStatements.Pending], _ letter: InvitationLetter,
        _ report: inout Report
    ) async throws {
        let tenant = context.tenantID
        let ids = group.map(\.id)
        let tokens = ids.map { ($0, SecretToken.make(for: tenant)) }
        let (_, _, marked, _) = try await database.pipeline(
            context, InvitationStatements.excludeLate(tenant, ids), InvitationStatements.failExpired(tenant, ids),
            InvitationStatements.markSending(tenant, ids), InvitationStatements.insertTokens(tenant, tokens))
        let mine = Set(marked)
        let token = Dictionary(uniqueKeysWithValues: tokens.map { ($0.0, $0.1.text) })
        let outcomes = await withTaskGroup(of: InvitationStatements.Outcome.self) { tasks in
            for invitation in group where mine.contains(invitation.id) {
                tasks.addTask { await deliver(invitation, token[invitation.id] ?? "", letter) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        // Recorded even when the job is being stopped: the messages are out.
        report = try await Task { [report] in
            var report = report
            try await record(context, outcomes, letter, &report)
            return report
        }.value
    }

    private func deliver(
        _ invitation: InvitationStatements.Pending, _ token: String, _ letter: InvitationLetter
    ) async -> InvitationStatements.Outcome {
        func outcome(_ state: Invitation.State, _ reason: String? = nil) -> InvitationStatements.Outcome {
            InvitationStatements.Outcome(id: invitation.id, state: state, reason: reason)
        }
        let mail: OutgoingMail
        do {
            mail = try letter.mail(to: invitation, token: token, publicURL: publicURL)
        } catch {
            return outcome(.failed, "The message cannot be written: \(error)")
        }
        do {
            _ = try await transport.send(mail)
            return outcome(.sent)
        } catch let error as MailError {
            return switch error.kind {
            case .temporary: outcome(.planned)
            case .unknown: outcome(.unknown, error.reason)
            case .permanent: outcome(error.stage == .recipient ? .bounced : .failed, error.description)
            }
        } catch is CancellationError {
            return outcome(.planned)
        } catch {
            return outcome(.unknown, "The transport failed: \(error)")
        }
    }

    private func record(
        _ context: TenantContext, _ outcomes: [InvitationStatements.Outcome], _ letter: InvitationLetter,
        _ report: inout Report
    ) async throws {
        guard !outcomes.isEmpty else { return }
        for outcome in outcomes {
            switch outcome.state {
            case .sent: report.sent += 1
            case .planned: report.delayed += 1
            case .unknown: report.unknown += 1
            default: report.failed += 1
            }
        }
        let tenant = context.tenantID
        // A day's tallies are recomputed a little later, once for many.
        let recompute = NewJob(
            RecomputeScores(day: LocalDay.day(of: Date(), in: letter.timeZone)), runAt: Date(timeIntervalSinceNow: 1))
        _ = try await database.pipeline(
            context, InvitationStatements.record(tenant, outcomes),
            InvitationStatements.suppressBounced(tenant, outcomes.filter { $0.state == .bounced }.map(\.id)),
            try Enqueue.statement(tenant: tenant.rawValue, jobs: [recompute]))
    }
}
