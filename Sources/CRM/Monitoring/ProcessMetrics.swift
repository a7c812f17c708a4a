import Foundation

/// What the process itself uses, under Prometheus' usual names.
public enum ProcessMetrics {
    private static let started = Date()

    /// Called when the process starts, so that it knows when that was.
    public static func begin() { _ = started }

    public static func text() -> String {
        var text = MetricsText()
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
            text.add("process_cpu_seconds_total", "counter", seconds(usage.ru_utime) + seconds(usage.ru_stime))
        }
        if let pages = file("/proc/self/statm")?.split(separator: " "), pages.count > 1, let resident = Double(pages[1])
        {
            text.add("process_resident_memory_bytes", "gauge", resident * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        do {
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            text.add("process_open_fds", "gauge", Double(open))
        } catch {}
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(7), &limit) == 0 {
            text.add("process_max_fds", "gauge", Double(limit.rlim_cur))
        }
        text.add("process_start_time_seconds", "gauge", started.timeIntervalSince1970)
        return text.text
    }

    private static func file(_ path: String) -> String? {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch { return nil }
    }
}
