/// What stands in audit logs as the action: the list that clients choose their filters from.
public enum AuditAction {
    /// Each with what it says, those of a tenant's log first and then those that the deployment's alone has.
    public static let all: [(name: String, meaning: String)] = ofTenants + ofPlatform

    static let ofTenants: [(name: String, meaning: String)] = [
        ("customer.created", "A customer was added."),
        ("customer.updated", "A customer was changed."),
        ("customers.imported", "A file of customers was imported; data has the counts."),
        ("orders.imported", "A file of orders was imported; data has the counts."),
        ("consent.declined", "A customer wants no more surveys."),
        ("segment.created", "A segment was added."),
        ("segment.members_added", "Customers were put into a segment; data has how many."),
        ("plan.created", "A plan was added."),
        ("plan.revised", "A plan got another version."),
        ("survey.created", "A survey was added."),
        ("survey.updated", "A survey was changed."),
        ("survey.published", "A version of a survey was published."),
        ("campaign.created", "A campaign was added."),
        ("campaign.launched", "A campaign was launched."),
        ("response.submitted", "A respondent answered."),
        ("settings.updated", "The settings were changed."),
        ("member.invited", "A member was invited, by an owner or by the operator of the deployment."),
        ("member.invited_again", "The invitation of a member was asked for again."),
        ("member.invitation_mailed", "An invitation was mailed; links of before have ended."),
        ("member.reset_mailed", "A link for a new password was mailed; links of before have ended."),
        ("member.joined", "A member chose a password for the first time."),
        ("member.updated", "A member was changed."),
        ("member.removed", "A member was let in no more."),
        ("member.signed_in", "A member signed in."),
        ("member.sign_in_failed", "Somebody gave a wrong password for a member's address."),
        ("member.password_refused", "A member who is signed in gave a wrong password for the present one."),
        ("member.locked_out", "After that no password is looked at for so many seconds as data says."),
        ("member.signed_out", "A member signed out."),
        ("member.password_changed", "A member chose another password."),
        ("member.password_reset", "A member chose a password by the link of a mail."),
        ("session.stolen", "A refresh token was used a second time, which ended the session."),
        ("key.created", "A key was made."),
        ("key.rotated", "A key got another secret."),
        ("key.revoked", "A key was ended."),
        ("audit.exported", "The audit log was taken along."),
        ("tenant.suspended", "The operator of the deployment suspended the business."),
        ("tenant.resumed", "The operator of the deployment let the business go on."),
        ("tenant.deletion_scheduled", "The business is to be erased after seven days."),
        ("tenant.deletion_cancelled", "The business is kept after all."),
    ]

    static let ofPlatform: [(name: String, meaning: String)] = [
        ("tenant.created", "The deployment's log: a tenant was created."),
        ("tenant.owner_invited", "The deployment's log: the first owner of a tenant was invited."),
        ("tenant.erased", "The deployment's log: nothing of a tenant is left."),
        ("platform_key.created", "The deployment's log: a key of the platform API was made."),
        ("platform_key.revoked", "The deployment's log: a key of the platform API was ended."),
    ]
}
