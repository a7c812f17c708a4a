extension String {
    /// The ISO 15924 code of the script that the text's first letter is of, of those in which the product's first users write; `nil` for
    /// others and for none.
    var script: String? {
        guard let letter = unicodeScalars.first(where: \.properties.isAlphabetic) else { return nil }
        return switch letter.value {
        case 0x41...0x24F, 0x1E00...0x1EFF: "Latn"
        case 0x370...0x3FF, 0x1F00...0x1FFF: "Grek"
        case 0x400...0x52F: "Cyrl"
        case 0x530...0x58F: "Armn"
        case 0x590...0x5FF: "Hebr"
        case 0x600...0x6FF, 0x750...0x77F, 0x8A0...0x8FF, 0xFB50...0xFDFF, 0xFE70...0xFEFF: "Arab"
        default: nil
        }
    }
}
