/// What the documentation says of rules.
enum SegmentText {
    static let chapter = """
        Named sets of customers, listed by hand or found by a rule. Who is in a rule segment follows a change within \
        seconds; what hangs on the day, and `value.…`, which compares customers with all others, follows each night and after \
        large imports.

        A rule is `{"all": […]}`, `{"any": […]}`, `{"not": …}`, or a comparison `{"field": …, "op": …, "value": …}`; at most \
        8 levels and 100 comparisons. Nothing compares with what a customer does not have, but for `ne` and `not_in`, which \
        are true of it.

        | fields | are | ops |
        |---|---|---|
        | `kind` `stage` `value.tier` `value.group` | one of some words | `eq` `ne` `in` `not_in` `exists` |
        | `name` `reference` `language` `time_zone` `source` | texts | these and `contains` |
        | `owner_id` `organisation_id` | ids | `eq` `ne` `in` `not_in` `exists` |
        | `age` `acquisition_cost` `orders.count` `orders.amount` `orders.margin` `interactions.count` \
        `interactions.satisfaction` `scores.nps` `scores.csat` `scores.ces` `value.recency` `value.frequency` `value.money` | \
        numbers; amounts in the business's currency | `eq` `ne` `gt` `gte` `lt` `lte` `exists` |
        | `birth_date` `created_on` `stage_changed_on` `orders.first_on` `orders.last_on` `interactions.last_on` \
        `scores.last_on` | days, YYYY-MM-DD | these and `within_days` `older_than_days`, of `birth_date` also \
        `birthday_within_days`; their value is a number of days, today being one |
        | `markets` (with those below them) `segments` `tags` `channels` (with an address) `consents` (channels) | what a \
        customer has several of | `eq` has it, `in` has any of them, `ne` `not_in` has none of them, `exists` (but of segments) |
        | `attributes.NAME` | as the business has said, else as the value is | those of what it is |

        `orders.…` and `interactions.…` are of all that there were; `last_days`, `product_ids` (orders), `kinds`, `channels`, \
        `department_ids`, `touchpoint_ids` and `is_open` (interactions) beside `field` narrow them: `{"field": \
        "orders.count", "op": "gte", "value": 2, "last_days": 90}`. `scores.…` are a customer's newest answers.
        """
}
