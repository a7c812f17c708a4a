import CRM
import HTTPTypes

struct MemberOperations: OperationGroup {
    private static let tag = Operation.Tag("Members", "The people who work for the business, and what they may do.")

    let members: MemberService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/v1/members", "invite_member", "Invite a member", tag, .membersWrite,
                    problems: [.emailTaken, .ownersOnly]), from: NewMember.self,
                { try await members.invite($0, id: $1, $2) }, replay: members.find),
            .list(.at("/v1/members", "list_members", "List members", tag, .membersRead)) {
                try await members.list($0.caller, $1)
            },
            .find(
                .at("/v1/members/{id}", "find_member", "Show a member", tag, .membersRead), isLive: true,
                members.find),
            .change(
                .at(
                    "/v1/members/{id}", "change_member", "Change a member", tag, .membersWrite,
                    problems: [.lastOwner, .ownersOnly]),
                by: MemberChanges.self
            ) { try await members.update($0, $1, ifVersion: $2, $3) },
            .remove(
                .at(
                    "/v1/members/{id}", "remove_member", "Remove a member", tag, .membersWrite,
                    problems: [.lastOwner, .ownersOnly]), members.remove),
            .act(
                .at(
                    "/v1/members/{id}/invite", "invite_member_again", "Mail the invitation again", tag, .membersWrite,
                    problems: [.alreadyJoined]), status: .accepted, members.inviteAgain, replay: members.find),
        ]
    }
}
