-- What an order is made of, what of it came back, and what the business earned by it.

ALTER TABLE crm.customer_order
    -- Who sold it.
    ADD COLUMN member_id uuid,
    ADD COLUMN returned_amount numeric(18, 4) NOT NULL DEFAULT 0,
    -- What is left of the amount after the cost of what was sold and has not come back; unknown when a cost is.
    ADD COLUMN margin_amount numeric(18, 4);
ALTER TABLE crm.customer_order ADD CONSTRAINT customer_order_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member (tenant_id, id);
CREATE INDEX customer_order_day_idx ON crm.customer_order (tenant_id, happened_at, id) WHERE deleted_at IS NULL;

CREATE TABLE crm.order_line (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    -- From 1.
    number smallint NOT NULL CONSTRAINT order_line_number_check CHECK (number > 0),
    product_id uuid,
    description text CONSTRAINT order_line_description_check CHECK (length(description) BETWEEN 1 AND 200),
    quantity integer NOT NULL CONSTRAINT order_line_quantity_check CHECK (quantity > 0),
    -- In the order's currency.
    unit_price numeric(18, 4) NOT NULL CONSTRAINT order_line_price_check CHECK (unit_price >= 0),
    discount numeric(18, 4) NOT NULL DEFAULT 0 CONSTRAINT order_line_discount_check CHECK (discount >= 0),
    unit_cost numeric(18, 4) CONSTRAINT order_line_cost_check CHECK (unit_cost >= 0),
    sale text NOT NULL DEFAULT 'regular' CONSTRAINT order_line_sale_check CHECK (sale IN ('regular', 'cross_sell', 'up_sell')),
    PRIMARY KEY (tenant_id, order_id, number),
    CONSTRAINT order_line_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES crm.customer_order (tenant_id, id),
    CONSTRAINT order_line_product_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES crm.product (tenant_id, id)
);
CREATE INDEX order_line_product_idx ON crm.order_line (tenant_id, product_id, order_id) WHERE product_id IS NOT NULL;
SELECT platform.protect('crm.order_line', 'SELECT, INSERT, DELETE');

CREATE TABLE crm.order_return (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    -- Which line it is of; none for an order without lines.
    line_number smallint,
    quantity integer CONSTRAINT order_return_quantity_check CHECK (quantity > 0),
    amount numeric(18, 4) NOT NULL CONSTRAINT order_return_amount_check CHECK (amount >= 0),
    returned_on date NOT NULL,
    reason text CONSTRAINT order_return_reason_check CHECK (length(reason) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT order_return_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES crm.customer_order (tenant_id, id),
    CONSTRAINT order_return_line_fkey FOREIGN KEY (tenant_id, order_id, line_number) REFERENCES crm.order_line (tenant_id, order_id, number)
);
CREATE INDEX order_return_order_idx ON crm.order_return (tenant_id, order_id, id);
SELECT platform.protect('crm.order_return', 'SELECT, INSERT');
