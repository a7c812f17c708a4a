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
        /// Still planned: they could not be sent now.
        package var delayed = 0
        /// Why; without addresses.
        package var delay: String?
        /// Whether the delay was the transport's own, not that of single recipients.
        package var isUnreachable = false
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
        guard letter.tenantState == .active else {
            return Report(delayed: pending.count, delay: "the tenant is suspended")
        }
        var report = Report()
        let left = try await settle(context, pending, letter, &report)
        for start in stride(from: 0, to: left.count, by: Self.group) {
            if Task.isCancelled { throw CancellationError() }
            try await send(context, Array(left[start..<min(start + Self.group, left.count)]), letter, &report)
            // A server that cannot be reached for one will not be for the next either; a mailbox that is full says nothing of others.
            if report.isUnreachable {
                report.delayed += max(0, left.count - start - Self.group)
                break
            }
        }
        return report
    }

    /// Finds out what became of those that a sender who died had marked; gives all that are to be sent.
    private func settle(
        _ context: TenantContext, _ pending: [InvitationStatements.Pending], _ letter: InvitationLetter,
        _ report: inout Report
    ) async throws -> [InvitationStatements.Pending] {
        var outcomes: [Delivery] = []
        for invitation in pending where invitation.state == .sending {
            let state: Invitation.State =
                switch try await transport.delivered(DeliveryID(invitation.id.rawValue)) {
                case .some(true): .sent
                case .some(false): .planned
                case .none: .unknown
                }
            outcomes.append(Delivery(InvitationStatements.Outcome(id: invitation.id, state: state, reason: nil)))
        }
        report = try await record(context, outcomes, letter, report)
        report.delayed = 0  // those that were not delivered are sent now
        let gone = Set(outcomes.map(\.outcome).filter { $0.state != .planned }.map(\.id))
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
        let token = Dictionary(uniqueKeysWithValues: tokens)
        let deliveries = await withTaskGroup(of: Delivery.self) { tasks in
            for invitation in group {
                guard mine.contains(invitation.id), let token = token[invitation.id] else { continue }
                tasks.addTask { await deliver(invitation, token, letter) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        // Recorded even when the job is being stopped: the messages are out.
        report = try await Task { [report] in
            try await recordPatiently(context, deliveries, letter, report)
        }.value
    }

    /// What became of one message.
    private struct Delivery: Sendable {
        let outcome: InvitationStatements.Outcome
        /// The link that it carried.
        var token: SecretToken?
        var delay: String?
        var isUnreachable = false

        init(_ outcome: InvitationStatements.Outcome) { self.outcome = outcome }
    }

    private func deliver(
        _ invitation: InvitationStatements.Pending, _ token: SecretToken, _ letter: InvitationLetter
    ) async -> Delivery {
        func delivery(_ state: Invitation.State, _ reason: String? = nil) -> Delivery {
            var delivery = Delivery(InvitationStatements.Outcome(id: invitation.id, state: state, reason: reason))
            delivery.token = token
            return delivery
        }
        func unsent(_ reason: String, isUnreachable: Bool) -> Delivery {
            var delivery = delivery(.planned)
            delivery.delay = reason
            delivery.isUnreachable = isUnreachable
            return delivery
        }
        let mail: OutgoingMail
        do {
            mail = try letter.mail(to: invitation, token: token.text, publicURL: publicURL)
        } catch {
            return delivery(.failed, "The message cannot be written: \(error)")
        }
        do {
            _ = try await transport.send(mail)
            return delivery(.sent)
        } catch let error as MailError {
            return switch error.kind {
            case .temporary: unsent(error.reason, isUnreachable: error.stage == .connection || error.stage == .session)
            case .unknown: await isDelivered(mail) ? delivery(.sent) : delivery(.unknown, error.reason)
            case .permanent: delivery(error.stage == .recipient ? .bounced : .failed, error.description)
            }
        } catch is CancellationError {
            return unsent("the worker is stopping", isUnreachable: true)
        } catch {
            return delivery(.unknown, "The transport failed: \(error)")
        }
    }

    /// Whether the transport can tell that the message is there. Where it fails too, nobody can.
    private func isDelivered(_ mail: OutgoingMail) async -> Bool {
        do { return try await transport.delivered(mail.id) ?? false } catch { return false }
    }

    /// Records what is known even if the database is away for a moment: what is not recorded can only be named `unknown` later.
    private func recordPatiently(
        _ context: TenantContext, _ deliveries: [Delivery], _ letter: InvitationLetter, _ before: Report
    ) async throws -> Report {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                return try await record(context, deliveries, letter, before)
            } catch let error as PostgresError
                where (error.isUnavailable || error.reason == .commitUnknown) && error.reason != .poolClosed
                && ContinuousClock.now < deadline
            {
                // Recording twice is recording once.
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private func record(
        _ context: TenantContext, _ deliveries: [Delivery], _ letter: InvitationLetter, _ before: Report
    ) async throws -> Report {
        guard !deliveries.isEmpty else { return before }
        let tenant = context.tenantID
        let outcomes = deliveries.map(\.outcome)
        // A link that nobody got is worth nothing.
        let unsent = deliveries.filter { $0.outcome.state == .planned }.compactMap(\.token)
        try await database.withTenant(context) { transaction in
            let (recorded, _, _) = try await transaction.pipeline(
                InvitationStatements.record(tenant, outcomes), InvitationStatements.deleteTokens(tenant, unsent),
                InvitationStatements.suppressBounced(tenant, outcomes.filter { $0.state == .bounced }.map(\.id)))
            // A day's tallies are recomputed a little later, once for many.
            let sentAt = recorded.compactMap(\.self)
            let days = Set(sentAt.map { LocalDay.day(of: $0, in: letter.timeZone) })
            let jobs = days.map { NewJob(RecomputeScores(day: $0), runAt: sentAt.max()?.addingTimeInterval(1)) }
            guard !jobs.isEmpty else { return }
            _ = try await transaction.run(try Enqueue.statement(tenant: tenant.rawValue, jobs: jobs))
        }
        var report = before
        for delivery in deliveries {
            switch delivery.outcome.state {
            case .sent: report.sent += 1
            case .planned: report.delayed += 1
            case .unknown: report.unknown += 1
            default: report.failed += 1
            }
            report.delay = report.delay ?? delivery.delay
            report.isUnreachable = report.isUnreachable || delivery.isUnreachable
        }
        return report
    }
}
