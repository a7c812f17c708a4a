import CRM

extension QueryReader {
    /// Which page of a list is wanted: `limit`, `cursor` and `sort`.
    mutating func page<Item: Listed>(_ type: Item.Type = Item.self) -> PageRequest<Item> {
        let limit = integer("limit", in: PageLimit.range, "Most items of the page; \(PageLimit.usual) by default.")
        let names = Item.orders.map(\.name)
        let usual = (Item.isNewestFirst ? "-" : "") + (names.first ?? "")
        let sort = take(
            "sort", .choice(names.flatMap { [$0, "-" + $0] }),
            "What the list goes by; with - downwards. \(usual) by default.")
        let cursor = take("cursor", .string.length(1...2048), "The next_cursor of the page before.")
        var order: String?
        var isDescending: Bool?
        if let sort {
            let name = sort.hasPrefix("-") ? String(sort.dropFirst()) : sort
            if names.contains(name) {
                (order, isDescending) = (name, sort.hasPrefix("-"))
            } else {
                fail("sort", "unknown", "One of \(names.joined(separator: ", ")), with - before it downwards.")
            }
        }
        do {
            return try PageRequest(
                limit: limit ?? PageLimit.usual, order: order, isDescending: isDescending, cursor: cursor)
        } catch ServiceError.invalid(let found) {
            for error in found { fail("cursor", error.code, error.detail) }
        } catch {
            fail("cursor", "invalid_cursor", "The cursor cannot be used.")
        }
        return PageRequest(by: Item.orders[0])
    }
}
