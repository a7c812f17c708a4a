import Foundation
import JobQueue
import Postgres

/// What people can do who hold the link of an invitation: see the questions, answer, change the answer for a day, and
/// unsubscribe.
public struct RespondentService: Sendable {
    /// What is wrong with one answer.
    public enum Problem: Sendable, Equatable { case missing, notAnOption, tooLong }

    public enum Submission: Sendable {
        case recorded(Questionnaire)
        /// Nothing was recorded; the problems stand by question.
        case rejected(Questionnaire, [String: Problem])
        /// The questionnaire takes no answer (any more); its state says why.
        case refused(Questionnaire)
    }

    static let longestComment = 4000

    private let database: Database

    public init(database: Database) { self.database = database }

    /// The questionnaire of a token. Records nothing but that it was opened: mail scanners follow every link.
    ///
    /// - Throws: ``ServiceError/notFound(_:)`` for a token that nobody was sent;
    ///   ``ServiceError/tenantSuspended(forErasure:)``.
    public func open(_ token: SecretToken, requestID: String?) async throws -> Questionnaire {
        let (invitation, answers, _) = try await database.pipeline(
            Self.context(token, requestID), RespondentStatements.resolve(token), RespondentStatements.answers(token),
            RespondentStatements.markOpened(token))
        return try Self.active(invitation).questionnaire(answers)
    }

    /// Records the answers, by question id; blank ones are no answers.
    ///
    /// - Throws: as ``open(_:requestID:)``.
    public func submit(
        _ token: SecretToken, _ values: [String: String], requestID: String?
    ) async throws -> Submission {
        let context = Self.context(token, requestID)
        let tenant = token.tenantID
        return try await database.withTenant(context) { transaction in
            let (found, earlier) = try await transaction.pipeline(
                RespondentStatements.resolve(token), RespondentStatements.answers(token))
            let invitation = try Self.active(found)
            let questionnaire = invitation.questionnaire(earlier)
            switch questionnaire.state {
            case .open, .answered: break
            case .closed, .expired: return .refused(questionnaire)
            }
            let (answers, problems) = Self.read(values, invitation.content)
            guard problems.isEmpty else { return .rejected(questionnaire, problems) }
            let upsert = RespondentStatements.upsert(tenant, invitation, language: questionnaire.language)
            if let invited = invitation.customerID { _ = try await transaction.holdSurvivor(of: invited) }
            guard let response = try await transaction.run(upsert) else { return .refused(questionnaire) }
            // A change of answers, or one of two browsers, is the same day's response again.
            // An answer also proves a sending that was not recorded yet.
            let days = Set(
                [response.submittedAt, invitation.unrecordedSending].compactMap(\.self).map {
                    LocalDay.day(of: $0, in: invitation.timeZone)
                })
            let jobs = days.map { NewJob(RecomputeScores(day: $0)) }
            let customers = [response.customer].compactMap(\.self)
            let (_, _, _, _, _, _, now) = try await transaction.pipeline(
                RespondentStatements.deleteAnswers(tenant, response.id),
                RespondentStatements.insertAnswers(tenant, response.id, answers),
                RespondentStatements.markResponded(tenant, invitation.id),
                try Event.record("response.submitted", "response", response.id.rawValue, by: context),
                try Enqueue.statement(tenant: tenant.rawValue, jobs: jobs),
                RefreshCustomers.noting(tenant, customers), RespondentStatements.resolve(token))
            return .recorded(try Self.active(now).questionnaire(answers))
        }
    }

    /// Sends the recipient nothing more. Doing it twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)`` for a token that nobody was sent.
    public func unsubscribe(_ token: SecretToken, requestID: String?) async throws -> Questionnaire {
        let context = Self.context(token, requestID)
        let tenant = token.tenantID
        return try await database.withTenant(context) { transaction in
            let invitation = try await transaction.run(RespondentStatements.resolve(token)).orNotFound("invitation")
            _ = try await transaction.run(RespondentStatements.suppressAddress(tenant, invitation.id))
            if let invited = invitation.customerID {
                let customer = try await transaction.holdSurvivor(of: invited)
                _ = try await transaction.pipeline(
                    ConsentStatements.record(
                        .make(),
                        NewConsent(customerID: Customer.ID(rawValue: customer), channel: .email, isGranted: false),
                        source: .unsubscribe, by: context),
                    try Event.record(
                        "consent.declined", "customer", customer, by: context, data: ["channel": .string("email")]),
                    RefreshCustomers.noting(tenant, [Customer.ID(rawValue: customer)]))
            }
            return invitation.questionnaire([])
        }
    }

    private static func context(_ token: SecretToken, _ requestID: String?) -> TenantContext {
        TenantContext(tenantID: token.tenantID, actor: .respondent, scopes: [], requestID: requestID)
    }

    private static func active(_ invitation: ResolvedInvitation?) throws -> ResolvedInvitation {
        let invitation = try invitation.orNotFound("invitation")
        try invitation.tenantState.admit()
        return invitation
    }

    private static func read(
        _ values: [String: String], _ content: SurveyContent
    ) -> (answers: [Answer], problems: [String: Problem]) {
        var answers: [Answer] = []
        var problems: [String: Problem] = [:]
        for question in content.questions {
            let value = (values[question.id] ?? "").replacingOccurrences(of: "\r\n", with: "\n")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            if value.isEmpty {
                if question.required { problems[question.id] = .missing }
            } else if let scores = question.kind.scores {
                if let score = Int(value), scores.contains(score) {
                    answers.append(Answer(questionID: question.id, kind: question.kind, score: score, text: nil))
                } else {
                    problems[question.id] = .notAnOption
                }
            } else if value.unicodeScalars.count > longestComment || value.unicodeScalars.contains("\0") {
                problems[question.id] = .tooLong
            } else {
                answers.append(Answer(questionID: question.id, kind: question.kind, score: nil, text: value))
            }
        }
        return (answers, problems)
    }
}

extension TenantTransaction {
    /// Who an invited customer is by now, and is until the transaction ends. The customer comes before everything that is written of
    /// the answer, as it does for whoever merges customers.
    fileprivate mutating func holdSurvivor(of invited: UUID) async throws -> UUID {
        // Twice: whoever was waited for may have been made one with another one by then.
        let (_, survivor) = try await pipeline(
            RespondentStatements.survivor(context.tenantID, of: invited),
            RespondentStatements.survivor(context.tenantID, of: invited))
        return survivor?.rawValue ?? invited
    }
}
