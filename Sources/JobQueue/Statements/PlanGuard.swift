import Postgres

/// The queue's tables swing between empty and full faster than statistics follow, and prepared statements keep their
/// plans. So the planner is told, for the transaction, what is right at every size: nested loops over the indexes, in
/// their order.
let planGuard = Statement<Void>(
    effect: "job.plan_guard",
    """
    SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('enable_sort', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)
    """)
