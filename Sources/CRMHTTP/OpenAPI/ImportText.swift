/// What the documentation says of files.
enum ImportText {
    static let chapter = """
        Customers and orders from files. A file is taken in and imported by a job, which can be watched, stopped and resumed; rows \
        that are wrong can be had as a file, mended and sent again.

        A CSV file's first line names its columns, in any order; a line of NDJSON is an object with members of the same names. An \
        empty cell leaves what is known as it is. `columns` says what they are called in other files; some names of other programs, \
        also Persian ones, are known: `Full name`, `موبایل`.

        Files of customers:

        | columns | are |
        |---|---|
        | `reference` `id` | by which the customer is found again, as `key` says; also `email`, `phone` and `references.…` |
        | `name` `kind` `stage` `stage_reason` `language` `time_zone` `source` | as in a customer; a new one has a name |
        | `email` `phone` | one address each, the primary one where the customer has it not yet |
        | `addresses.…` | more addresses of a channel, `addresses.email`, `addresses.postal`, with semicolons between them (postal ones \
        as a JSON array); the first of a channel that has none becomes the primary one |
        | `consent` `consents.…` | yes or no, to e-mail and to another channel, `consents.sms` |
        | `consents_given_at.…` | when that was said, `consents_given_at.email`: a time, or a day, which a refusal outlasts and consent does not; now by default |
        | `birth_date` | YYYY-MM-DD, of the Gregorian or the Persian calendar |
        | `acquisition_amount` `acquisition_currency` | what it cost to win the customer; the business's currency by default |
        | `tags` `markets` | names (of markets also ids) with semicolons between them; they are added to what there is |
        | `owner` | a member's address |
        | `organisation` | the reference of the organisation that a person belongs to, which may come in the same file |
        | `names.…` | the name in other scripts, `names.Arab`; or all in one column `names`, as JSON, and so with all that have a dot |
        | `references.…` | the number in another system, `references.shop` |
        | `attributes.…` | what the business keeps itself, `attributes.club` |

        Files of orders:

        | columns | are |
        |---|---|
        | `customer_ref` | the customer's reference |
        | `ordered_on` | the day, as a birth date |
        | `amount` `currency` | what it came to; the business's currency by default |
        | `order_ref` | by which the order is found again; without it the same file is refused a second time |
        | `quantity` | how many things it was |

        Numbers may be in Persian digits. `import_row`, `import_errors`, `created_at` and `updated_at`, which stand in files of \
        this API's own, are passed over.
        """
}
