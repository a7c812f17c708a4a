import Foundation
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var members: [CatalogueGroup] {
        get throws {
            let (id, token) = (Member.ID.make(), SecretToken.make(for: tenant))
            let other = SecretToken.make(for: tenant)
            let member = filled.member
            let new = NewMember(name: "New", email: "new@team.example", roles: [.viewer])
            return [
                CatalogueGroup(try pages { MemberStatements.list(tenant, $0) }),
                CatalogueGroup([
                    CatalogueEntry(MemberStatements.insert(tenant, id, new)),
                    CatalogueEntry(MemberStatements.find(tenant, id)),
                    CatalogueEntry(MemberStatements.find(email: "NEW@team.example", in: tenant)),
                    CatalogueEntry(MemberStatements.lockOwners(tenant)),
                    CatalogueEntry(MemberStatements.joinedOwners(tenant)),
                    CatalogueEntry(MemberStatements.update(tenant, member, MemberChanges())),
                    CatalogueEntry(MemberStatements.setPassword(tenant, id, hash: "h")),
                    CatalogueEntry(MemberStatements.lockPassword(tenant, id, hash: "h")),
                    CatalogueEntry(MemberStatements.join(tenant, id)),
                    CatalogueEntry(MemberStatements.removeEndedLinks(tenant, of: id), .nothing),
                    CatalogueEntry(MemberStatements.insertLink(tenant, token, .passwordReset, to: id)),
                    CatalogueEntry(MemberStatements.countRecentLinks(tenant, .passwordReset, to: id)),
                    CatalogueEntry(MemberStatements.link(token)), CatalogueEntry(MemberStatements.useLink(token)),
                    CatalogueEntry(MemberStatements.insertLink(tenant, other, .invitation, to: id)),
                    CatalogueEntry(MemberStatements.endLinks(tenant, .invitation, of: id)),
                    CatalogueEntry(MemberStatements.removeLinks(tenant, of: id)),
                    CatalogueEntry(MemberStatements.removePassword(tenant, id)),
                    CatalogueEntry(MemberStatements.remove(tenant, id)),
                    CatalogueEntry(MemberStatements.letterhead(tenant)),
                    CatalogueEntry(MemberStatements.notify(tenant)),
                ]),
            ]
        }
    }

    var signIn: [CatalogueGroup] {
        let (session, token) = (Session.ID.make(), SecretToken.make(for: tenant))
        let (next, member, subject) = (SecretToken.make(for: tenant), filled.member.id, "a@team.example")
        return [
            CatalogueGroup([
                CatalogueEntry(SessionStatements.tenant(named: "one")),
                CatalogueEntry(SessionStatements.countAttempt(tenant, for: subject)),
                CatalogueEntry(SessionStatements.keepAttempt(tenant, for: subject)),
                CatalogueEntry(SessionStatements.wait(tenant, for: subject)),
                CatalogueEntry(SessionStatements.sweepAttempts(tenant), .nothing),
                CatalogueEntry(SessionStatements.forgetAttempts(tenant, for: subject)),
                CatalogueEntry(SessionStatements.candidate(tenant, email: filled.member.email)),
                CatalogueEntry(
                    SessionStatements.begin(tenant, session, of: member, token, address: "::1", userAgent: "u")),
                CatalogueEntry(SessionStatements.insertRefresh(tenant, token, of: session)),
                CatalogueEntry(SessionStatements.noteSignIn(tenant, member)),
                CatalogueEntry(SessionStatements.sweep(tenant, of: member), .nothing),
                CatalogueEntry(SessionStatements.lockRefreshable(token)),
                CatalogueEntry(SessionStatements.rotate(tenant, session, to: next)),
                CatalogueEntry(SessionStatements.trimRefresh(tenant, of: session), .nothing),
                CatalogueEntry(SessionStatements.lock(tenant, session)),
                CatalogueEntry(SessionStatements.live(tenant, session)),
                CatalogueEntry(SessionStatements.list(tenant, of: member)),
                CatalogueEntry(SessionStatements.end(tenant, of: member, only: session)),
                CatalogueEntry(SessionStatements.end(tenant, of: member, except: session)),
            ])
        ]
    }

    var audit: [CatalogueGroup] {
        get throws {
            var filter = AuditFilter()
            filter.actorKinds = [.cli, .key, .member, .respondent, .job]
            filter.actions = ["customer.created", "key.created"]
            filter.objectKinds = ["customer", "key"]
            filter.from = Date(timeIntervalSince1970: 0)
            filter.until = Date(timeIntervalSince1970: 4e9)
            var narrow = AuditFilter()
            narrow.actorID = filled.member.id.rawValue
            narrow.objectID = filled.member.id.rawValue
            return [
                CatalogueGroup(
                    try pages { AuditStatements.list(tenant, AuditFilter(), $0) }
                        + pages { AuditStatements.list(tenant, filter, $0) }
                        + pages { AuditStatements.list(tenant, narrow, $0) })
            ]
        }
    }
}
