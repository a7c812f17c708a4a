import Mustache

/// Mustache templates that were embedded at build time.
///
/// A template that does not parse, or a name that does not exist, is a fault of the program and stops it: the
/// templates are part of the executable.
package struct TemplateSet: Sendable {
    package enum Escaping: Sendable {
        /// `{{name}}` is made safe for HTML's text and for its quoted attribute values.
        case markup
        /// `{{name}}` is written as it is.
        case none
    }

    private let library: MustacheLibrary

    /// - Parameter sources: UTF-8 templates by the name under which they render and include one another.
    package init(_ sources: [String: [UInt8]], escaping: Escaping) {
        MustacheContentTypes.register(MarkupEscaping(), named: "MARKUP")
        // Each template states its content type, for an included one would fall back to the library's own.
        let pragma = escaping == .markup ? "{{% CONTENT_TYPE:MARKUP}}" : "{{% CONTENT_TYPE:TEXT}}"
        var library = MustacheLibrary()
        for (name, source) in sources {
            do {
                try library.register(pragma + String(decoding: source, as: UTF8.self), named: name)
            } catch {
                fatalError("The template \(name) does not parse: \(error)")
            }
        }
        self.library = library
    }

    /// The text of the template `name`; a name without a value in `values` renders as nothing.
    package func render(_ name: String, _ values: [String: Any]) -> String {
        guard let text = library.render(values, withTemplate: name) else {
            fatalError("There is no template \(name)")
        }
        return text
    }
}

/// Escapes by Unicode scalar.
///
/// The library's own escaping compares characters, so that a quotation mark followed by a combining mark or a
/// zero-width non-joiner is one character that it does not know, and ends an attribute.
struct MarkupEscaping: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
