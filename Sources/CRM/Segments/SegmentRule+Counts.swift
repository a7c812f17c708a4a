import Foundation

/// What comparisons with numbers say of counts, and of nothing.
extension SegmentRule.Comparison {
    /// Counts are whole.
    var isOfCount: Bool { subject == .field(.orderCount) || subject == .field(.interactionCount) }

    /// Whether it is true of each count but 0 (`true`), or of 0 alone (`false`); `nil` for neither.
    var asksWhetherAny: Bool? {
        guard case .number(let number) = operand else { return nil }
        return switch (comparator, number) {
        case (.gte, 1), (.gt, 0), (.ne, 0): true
        case (.lt, 1), (.lte, 0), (.eq, 0): false
        default: nil
        }
    }

    /// `false` where 0 is surely none of the numbers that it is true of.
    var mayHoldOfZero: Bool {
        guard case .number(let number) = operand else { return true }
        return switch comparator {
        case .eq: number == 0
        case .gt: number < 0
        case .gte: number <= 0
        case .lt: number > 0
        case .lte: number >= 0
        default: true
        }
    }
}
