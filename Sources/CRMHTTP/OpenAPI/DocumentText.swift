import CRM

/// What the documentation says beside what operations declare.
enum DocumentText {
    static let introduction = """
        The API of a customer-centric CRM: customers and orders, segments, marketing-mix plans, surveys, campaigns \
        and scores.

        Bodies are JSON in snake_case, times RFC 3339 in UTC, days YYYY-MM-DD, amounts of money digits in a string. \
        Objects carry an `ETag`; give it as `If-Match` with a `PATCH` (a JSON merge patch, RFC 7396) so that no \
        other change is lost. Errors are problem details (RFC 9457) with a `code` for programs, and `errors` that \
        name every value that is not allowed.

        **Keys.** Programs send a key: `Authorization: Bearer mhv_…`. `POST /v1/keys` makes one and shows its secret \
        this once. A key has scopes such as `customers:read`; each operation names the one that it needs, and nobody \
        gives a key a scope that is not their own. A key ends when its time is over or it is revoked, and goes on \
        when the member who made it has gone. Keys of the platform API begin with `mhp_`; the command line makes \
        them.

        **Members.** People sign in at `POST /v1/sign-in` with the business's short name, their address and their \
        password, and send the access token that they get: `Authorization: Bearer …`. It is good for 15 minutes; \
        then requests are answered 401 `token_expired`, and `POST /v1/sign-in/refresh` gives the next pair for the \
        refresh token, for 30 days at most. A refresh token is good once: used a second time it ends the session, \
        since somebody has a copy. 401 `invalid_token` means that the session has ended: sign in anew. After five \
        wrong passwords an address waits, 15 seconds at first and twice as long each time, a quarter of an hour at \
        most (429 `locked_out`).

        **Permissions.** Of members the scopes are those of their roles together; the table of roles is at \
        `/docs#roles`. Who lacks one is answered 403 `forbidden`, with its name.

        **Passwords** have 10 to 200 characters and are not: the one before (`unchanged`), a repetition or a row of \
        letters, digits or keys (`repetitive`), a common one (`common`), or little more than the member's own name \
        or address (`personal`).

        **Repeating.** A `POST` takes an `Idempotency-Key`: repeated with it within 24 hours, a request is answered \
        as it was (`Idempotency-Replayed`) and changes nothing; with another body it is 422 \
        `idempotency_key_reused`, while it is being done 409 `in_flight`. Secrets that are shown once are not shown \
        again: 409 `shown_once`.

        **Pages.** Lists give `data` and `next_cursor`: hand that back as `cursor` with the same parameters for the \
        next page; it is null at the end. `limit` is 1 to 200, 50 by default; `sort` names the order, `-` before it \
        turns it around; `filter[name]=a` and `filter[name][in]=a,b` leave out the rest. Customers are also found by \
        what the business keeps of them: in `filter[attributes.NAME]=a` the attribute's name stands for `NAME`, a value \
        is what the attribute is, and numbers and days have `[gt]`, `[gte]`, `[lt]` and `[lte]`, too.

        **Limits.** Requests are counted by key or member and by business, each second: `RateLimit-Policy` and \
        `RateLimit` tell of the tighter limit, 429 `rate_limited` and `Retry-After` that it is reached. What needs \
        no key is counted by network address, 20 a second.

        **Audit log.** What is changed, and who signs in or fails to, is noted with its author and shown at \
        `/v1/audit`; the actions are listed at `/docs#audit-actions`. What the operator of the deployment does to a \
        business stands there too.

        **Health.** `GET /healthz` says whether the process lives, `GET /readyz` whether it should be sent work: 503 \
        `draining` while it stops, `unavailable` without its database, `stale_schema` while that is being upgraded.
        """

    /// What else there is to know of an operation.
    static func notes(on operation: Operation) -> [String] { notes[operation.name].map { [$0] } ?? [] }

    static let notes: [String: String] = [
        "create_key":
            "The key goes on when whoever made it has gone: `created_by` tells who that was. Revoke it to end it.",
        "rotate_key":
            """
        The secret of before stays good for `overlap_hours`, until `previous_until`. There is one such secret at \
        a time: a second rotation within the overlap ends the first secret at once. A body may be left out.
        """,
        "remove_member":
            "Password, sessions and links end at once. Keys that the member made go on; `/v1/keys` tells which.",
        "invite_member_again":
            "The new link ends those of before. A member is mailed five invitations an hour at most.",
        "request_reset":
            """
        The new link ends those of before. Who was invited and has not come yet is mailed the invitation again. \
        A member is mailed five links an hour at most.
        """,
        "undo_duplicate_run":
            """
        A job undoes the merges one by one, the newest first. Those that cannot be undone any more, as `/v1/merges/{id}/undo` \
        would say, are passed over and counted as skipped; `/v1/merges?filter[run_id]=…&filter[is_undone]=false` shows them.
        """,
        "choose_password": "Ends every other link and every session of the member.",
        "refresh":
            "The refresh token is good once. Used a second time it ends the session, whoever has the newer one.",
        "sign_out": "A body may be left out: then this session alone ends.",
        "delete_tenant":
            """
        The tenant's people and keys are answered 403 `tenant_deleted` from now on. Its state is `deleting` \
        until `erase_after`, within which the deletion can be cancelled, and then `erasing` until nothing of it \
        is left.
        """,
        "invite_owner":
            "Answers with the member who was invited. Once an owner has come, the tenant's people are its own affair.",
        "list_platform_audit":
            "What was done to a tenant stands in the tenant's own audit log too, which its people read.",
    ]
}

extension Operation {
    /// Every way in which it may fail.
    var everyProblem: [ProblemCode] {
        ProblemCode.ofEveryOperation + access.problems + problems + (content == nil ? [] : [.timedOut])
    }
}

extension Operation.Content {
    /// Whether nothing may be sent instead: what is made of its members alone, none of which is needed.
    var mayBeLeftOut: Bool {
        types == ["application/json"] && !schema.properties.isEmpty && !schema.properties.contains(where: \.isRequired)
    }
}
