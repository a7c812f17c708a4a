import Foundation
import JobQueue
import Postgres

/// Campaigns: whom they would reach, launching them, and how they stand.
public struct CampaignService: Sendable {
    let database: Database

    public init(database: Database) { self.database = database }

    /// Creates a draft that will send the survey's newest published version.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, also for a segment that is not there or a survey that is not published;
    ///   ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func create(
        _ context: TenantContext, id: Campaign.ID = .make(), _ new: NewCampaign
    ) async throws -> Campaign {
        try context.require(.campaignsWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        do {
            return try await database.withTenant(context) { transaction in
                try await transaction.require(
                    [
                        ObjectLink(.segment, [("/segment_id", new.segmentID.rawValue)]),
                        ObjectLink(.touchpoint, "/touchpoint_id", from: nil, to: new.touchpointID?.rawValue),
                    ].compactMap(\.self))
                guard try await transaction.run(CampaignStatements.insert(tenant, id, new)) == 1 else {
                    throw ServiceError.invalid(
                        "/survey_id", "not_published", "No such survey, or it is not published yet.")
                }
                let campaign = try await transaction.run(CampaignStatements.find(tenant, id)).orNotFound("campaign")
                _ = try await transaction.run(
                    try Event.record(
                        "campaign.created", "campaign", id.rawValue, from: nil, to: campaign, by: context,
                        unknown: ["invitations", "excluded_reasons"]))
                return campaign
            }
        } catch let error as PostgresError where error.violates("campaign_name_key") {
            throw ServiceError.conflict(code: "name_taken", detail: "Another campaign has this name.")
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Campaign.ID) async throws -> Campaign {
        try context.require(.campaignsRead)
        let (campaign, tallies) = try await database.pipeline(
            context, CampaignStatements.find(context.tenantID, id), CampaignStatements.tallies(context.tenantID, [id]))
        return try campaign.orNotFound("campaign").with(tallies)
    }

    /// By age.
    public func list(_ context: TenantContext, _ page: PageRequest<Campaign>) async throws -> Page<Campaign> {
        try context.require(.campaignsRead)
        return try await database.withTenant(context) { transaction in
            let campaigns = try await transaction.run(CampaignStatements.list(context.tenantID, page))
            let found = page.page(of: campaigns)
            let tallies = try await transaction.run(
                CampaignStatements.tallies(context.tenantID, found.items.map(\.id)))
            return found.map { $0.with(tallies) }
        }
    }

    /// The ledger of a campaign, by the time it was planned.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func invitations(
        _ context: TenantContext, of id: Campaign.ID, states: [Invitation.State]?, _ page: PageRequest<Invitation>
    ) async throws -> Page<Invitation> {
        try context.require(.campaignsRead)
        let (campaign, invitations) = try await database.pipeline(
            context, CampaignStatements.find(context.tenantID, id),
            InvitationStatements.list(context.tenantID, id, states: states, page))
        _ = try campaign.orNotFound("campaign")
        return page.page(of: invitations)
    }

    /// Says who would be invited now and why each other one would not. Nothing is sent or kept.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func preview(_ context: TenantContext, _ id: Campaign.ID) async throws -> CampaignPreview {
        try context.require(.campaignsRead)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let campaign = try await transaction.run(CampaignStatements.find(tenant, id)).orNotFound("campaign")
            let counts = try await transaction.run(AudienceStatements.preview(tenant, campaign.segmentID))
            return CampaignPreview(
                audience: counts.reduce(0) { $0 + $1.count },
                invited: counts.first { $0.reason == nil }?.count ?? 0,
                excluded: counts.reduce(into: [:]) { excluded, row in
                    if let reason = row.reason { excluded[reason] = row.count }
                })
        }
    }

    /// Starts a draft: a job evaluates its segment, writes the ledger, and hands it to the senders.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `already_launched`.
    public func launch(_ context: TenantContext, _ id: Campaign.ID) async throws -> Campaign {
        try context.require(.campaignsWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            _ = try await transaction.run(CampaignStatements.find(tenant, id)).orNotFound("campaign")
            guard try await transaction.run(CampaignStatements.launch(tenant, id)) == 1 else {
                throw ServiceError.conflict(code: "already_launched", detail: "The campaign was launched before.")
            }
            let (_, _, campaign, tallies) = try await transaction.pipeline(
                try Enqueue.statement(tenant: tenant.rawValue, job: PlanCampaign(campaignID: id)),
                try Event.record("campaign.launched", "campaign", id.rawValue, by: context),
                CampaignStatements.find(tenant, id), CampaignStatements.tallies(tenant, [id]))
            return try campaign.orNotFound("campaign").with(tallies)
        }
    }
}

extension Campaign {
    fileprivate func with(_ tallies: [Campaign.ID: InvitationTally]) -> Campaign {
        var campaign = self
        campaign.ledger = tallies[id] ?? InvitationTally()
        return campaign
    }
}

extension NewCampaign {
    public static let nameRule = TextRule.words(200)
    public static let expiry = 1...365
    public static let longestSubject = 200
    public static let longestMessage = 4000

    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        if !Self.expiry.contains(expiresInDays) {
            errors.append(
                FieldError("/expires_in_days", "range", "\(Self.expiry.lowerBound) to \(Self.expiry.upperBound)."))
        }
        if touchpointID != nil, kind == .relationship {
            errors.append(
                FieldError("/touchpoint_id", "not_allowed", "Only a transactional campaign is about a touchpoint."))
        }
        if subject.texts.isEmpty { errors.append(FieldError("/subject", "required", "At least one language.")) }
        if message.texts.isEmpty { errors.append(FieldError("/message", "required", "At least one language.")) }
        let languages = Set(subject.texts.keys).union(message.texts.keys)
        subject.check("/subject", languages: languages, longest: Self.longestSubject, into: &errors)
        message.check("/message", languages: languages, longest: Self.longestMessage, into: &errors)
        for (language, text) in subject.texts.sorted(by: { $0.key < $1.key }) where text.contains(where: \.isNewline) {
            errors.append(FieldError("/subject/\(language)", "invalid", "One line."))
        }
        return errors
    }
}
