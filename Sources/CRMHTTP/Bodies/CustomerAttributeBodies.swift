import CRM

extension CustomerAttributeValues: RecordBody {
    static let newExample = #"{"name": "club", "label": "Club", "type": "choice", "choices": ["silver", "gold"]}"#
    static let changesExample = #"{"choices": ["silver", "gold", "platinum"], "is_required": true}"#

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText(
                "name", Self.nameRule, "The member of a customer's attributes, which no other one has."),
            label: reader.text("label", Self.labelRule, "What people call it."),
            type: reader.requiredChoice("type", else: .text, "What its values are."),
            choices: reader.texts(
                "choices", Self.choiceRule, atMost: Self.maximumChoices, "Of a choice: what can be chosen.") ?? [],
            isRequired: reader.flag(
                "is_required", or: false, "Whether a customer whose attributes are written must have it; no by default."
            ))
    }
}
