/// What the product's metrics are, for people who meet them in Prometheus.
enum MetricDescriptions {
    /// By the names that are shown: times have `_seconds` behind those that they were made with.
    static let all: [String: String] = [
        // Of the API.
        "http_request_duration_seconds": "How long requests took, by the route's template, method and status.",
        // Of each pool of connections to PostgreSQL.
        "postgres_transactions_total": "Lendings of a connection that ended, each attempt for itself, failed ones too.",
        "postgres_transactions_failed_total": "Lendings of a connection that failed, whoever's the error.",
        "postgres_transactions_retried_total": "Repetitions after serialization failures and deadlocks.",
        "postgres_transaction_duration_seconds": "From the lending of a connection to the last answer.",
        "postgres_pool_wait_seconds": "How long those who had to wait for a connection waited.",
        "postgres_pool_exhausted_total": "Tasks refused by a full line of waiting ones, or that waited too long.",
        "postgres_pool_connections_created_total": "Connections that were opened.",
        "postgres_pool_connections_discarded_total": "Connections that were closed, for whatever reason.",
        "postgres_pool_connections": "Open connections, in_use or idle.",
        "postgres_pool_waiting": "Tasks that wait for a connection.",
        // Of a worker.
        "job_claimed_total": "Runs of jobs that began on this worker.",
        "job_completed_total": "Jobs that were done.",
        "job_failed_total": "Attempts that failed, whether the job will be tried again or was given up.",
        "job_returned_total": "Jobs that went back to their queue: to be tried again, put off, handed back or rescued.",
        "job_dead_total": "Jobs that were given up.",
        "job_rescued_total": "Jobs taken back from workers that died.",
        "job_fenced_total": "Late outcomes that were refused, since the job had been given to another run.",
        "job_empty_claims_total": "Looks for work that got none, since others were faster or a limit held.",
        "job_listener_reconnects_total": "Connections for notifications that were lost and made again.",
        "job_start_latency_seconds": "From when a job was due to its start on this worker.",
        "job_flush_size": "Outcomes of jobs that were written at once.",
        "job_flush_lag_seconds": "How long the first of the outcomes written at once had waited.",
        // Of the queues, over all workers.
        "job_jobs": "Jobs by queue and state: scheduled is not due yet, dead was given up.",
        "job_oldest_ready_seconds": "How long the job has been due that has waited longest.",
        "job_queue_paused": "1 where the queue is paused for all tenants.",
        "job_start_seconds": "From when jobs were due to their start, of those that ended within the last hour.",
        "job_start_worst_tenant_seconds": "The same for the tenant that waited longest, at the 99th percentile.",
        "job_table_dead_tuples": "Rows of the live jobs' table that wait to be vacuumed away and slow claims down.",
        // Of the process.
        "process_cpu_seconds_total": "Processor time that the process has used.",
        "process_resident_memory_bytes": "Memory that the process has.",
        "process_open_fds": "Files and sockets that the process has open.",
        "process_max_fds": "How many it may have open.",
        "process_start_time_seconds": "When the process started, since 1970.",
    ]
}
