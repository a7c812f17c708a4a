/// Finds what somebody may have meant by a name that is not known.
enum NearestName {
    /// Such as `; did you mean --port?`, or nothing where no name is near.
    static func hint(_ name: String, among known: [String]) -> String {
        let nearest = known.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= limit(of: name) else { return "" }
        return "; did you mean \(nearest.name)?"
    }

    /// One slip in a short name, and one more for every four further letters; what all settings begin with does not count.
    private static func limit(of name: String) -> Int {
        let own = name.hasPrefix(Setting.prefix) ? name.dropFirst(Setting.prefix.count) : name.drop { $0 == "-" }
        return max(1, own.count / 4)
    }

    /// How many letters have to be put in, left out, changed or swapped with their neighbour, where none is touched twice.
    private static func distance(_ first: String, _ second: String) -> Int {
        let (a, b) = (Array(first), Array(second))
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
