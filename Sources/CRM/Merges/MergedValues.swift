import Foundation
import Postgres

/// What merging changes of a survivor's values, as it is kept for undoing.
struct MergedValues: Codable, Sendable, Equatable {
    var stage: String
    var stageReason: String?
    var reference: String?
    var references: [String: String]
    var names: [String: String]
    var birthDate: String?
    var timeZone: String?
    var organisationID: UUID?
    var ownerID: UUID?
    var source: String?
    var acquisitionAmount: Decimal?
    var acquisitionCurrency: String?
    var marketIDs: [UUID]
    var tags: [String]
    var attributes: [String: JSONNode]

    init(_ values: CustomerValues) {
        stage = values.stage.rawValue
        stageReason = values.stageReason
        reference = values.reference
        references = values.references
        names = values.names
        birthDate = values.birthDate?.description
        timeZone = values.timeZone
        organisationID = values.organisationID?.rawValue
        ownerID = values.ownerID?.rawValue
        source = values.source
        acquisitionAmount = values.acquisitionCost?.amount
        acquisitionCurrency = values.acquisitionCost?.currency
        marketIDs = values.marketIDs.map(\.rawValue)
        tags = values.tags
        attributes = values.attributes
    }

    /// The same with what `after` has and others brought as well, as if it had been there before.
    func joined(by others: [Customer], _ after: MergedValues) -> MergedValues {
        var joined = self
        for values in others.map({ MergedValues($0.values) }) {
            joined.tags += values.tags.filter { after.tags.contains($0) && !joined.tags.contains($0) }
            joined.marketIDs += values.marketIDs.filter {
                after.marketIDs.contains($0) && !joined.marketIDs.contains($0)
            }
            joined.names.merge(values.names.filter { after.names[$0.key] == $0.value }) { mine, _ in mine }
            joined.attributes.merge(values.attributes.filter { after.attributes[$0.key] == $0.value }) { mine, _ in mine
            }
        }
        return joined
    }

    fileprivate func write(to values: inout CustomerValues) {
        values.stage = Customer.Stage(rawValue: stage) ?? values.stage
        values.stageReason = stageReason
        values.reference = reference
        values.references = references
        values.names = names
        values.birthDate = birthDate.flatMap { LocalDate($0) }
        values.timeZone = timeZone
        values.organisationID = organisationID.map { Customer.ID(rawValue: $0) }
        values.ownerID = ownerID.map { Member.ID(rawValue: $0) }
        values.source = source
        values.acquisitionCost = acquisitionAmount.flatMap { amount in
            acquisitionCurrency.map { Money(amount: amount, currency: $0) }
        }
        values.marketIDs = marketIDs.map { Market.ID(rawValue: $0) }
        values.tags = tags
        values.attributes = attributes
    }
}

extension CustomerValues {
    static let mergedReason = "merged"

    /// The values with what another customer has and this one has not. Where both have something, this one's stays; of the stages the
    /// one that came further: `actual`, then `lost`.
    func absorbing(_ other: CustomerValues) -> CustomerValues {
        var values = self
        let order: [Stage] = [.actual, .lost, .potential]
        if let stage = order.first(where: { $0 == self.stage || $0 == other.stage }), stage != self.stage {
            (values.stage, values.stageReason) = (stage, Self.mergedReason)
        }
        values.reference = reference ?? other.reference
        values.references = Self.union(references, other.references, atMost: CustomerRules.maximumReferences)
        var others = other.names
        // What the other one is called in another script is not lost.
        if let script = other.name.script, script != name.script, others[script] == nil { others[script] = other.name }
        values.names = Self.union(names, others, atMost: CustomerRules.maximumNames)
        values.birthDate = birthDate ?? other.birthDate
        values.timeZone = timeZone ?? other.timeZone
        values.organisationID = organisationID ?? other.organisationID
        values.ownerID = ownerID ?? other.ownerID
        values.source = source ?? other.source
        values.acquisitionCost = acquisitionCost ?? other.acquisitionCost
        values.marketIDs = Self.union(marketIDs, other.marketIDs, atMost: CustomerRules.maximumMarkets)
        values.tags = Self.union(tags, other.tags, atMost: CustomerRules.maximumTags)
        values.attributes = attributes.merging(other.attributes.filter { $0.value != .null }) { mine, _ in mine }
        if JSONWriter.bytes(of: values.attributes).count > CustomerRules.maximumAttributesBytes {
            values.attributes = attributes
        }
        return values
    }

    private typealias Stage = Customer.Stage

    private static func union<Value>(
        _ mine: [String: Value], _ others: [String: Value], atMost most: Int
    ) -> [String: Value] {
        var all = mine
        for (key, value) in others.sorted(by: { $0.key < $1.key }) where all[key] == nil && all.count < most {
            all[key] = value
        }
        return all
    }

    private static func union<Value: Hashable>(_ mine: [Value], _ others: [Value], atMost most: Int) -> [Value] {
        mine + others.filter { !mine.contains($0) }.prefix(Swift.max(0, most - mine.count))
    }

    /// The values without what a merge brought and nobody has changed since.
    func undoing(from before: MergedValues, to after: MergedValues) -> CustomerValues {
        var now = MergedValues(self)
        func back<Value: Equatable>(_ path: WritableKeyPath<MergedValues, Value>) {
            if now[keyPath: path] == after[keyPath: path] { now[keyPath: path] = before[keyPath: path] }
        }
        back(\.stage)
        back(\.stageReason)
        back(\.reference)
        back(\.birthDate)
        back(\.timeZone)
        back(\.organisationID)
        back(\.ownerID)
        back(\.source)
        if now.acquisitionAmount == after.acquisitionAmount, now.acquisitionCurrency == after.acquisitionCurrency {
            (now.acquisitionAmount, now.acquisitionCurrency) = (before.acquisitionAmount, before.acquisitionCurrency)
        }
        func drop<Value: Equatable>(_ path: WritableKeyPath<MergedValues, [String: Value]>) {
            for (key, value) in after[keyPath: path]
            where before[keyPath: path][key] == nil && now[keyPath: path][key] == value {
                now[keyPath: path][key] = nil
            }
        }
        drop(\.references)
        drop(\.names)
        drop(\.attributes)
        now.marketIDs.removeAll { after.marketIDs.contains($0) && !before.marketIDs.contains($0) }
        now.tags.removeAll { after.tags.contains($0) && !before.tags.contains($0) }
        var values = self
        now.write(to: &values)
        return values
    }
}
