-- Tables of Northwind's shape with rows made up for this test: missing references, a padded text key, prices that are no exact
-- floating-point numbers, quotes, and an order without lines.
SET client_min_messages = warning;

DROP TABLE IF EXISTS order_details;
DROP TABLE IF EXISTS orders;

CREATE TABLE customers (
    customer_id bpchar NOT NULL PRIMARY KEY,
    company_name character varying(40) NOT NULL,
    contact_name character varying(30),
    city character varying(15)
);

CREATE TABLE employees (
    employee_id smallint NOT NULL PRIMARY KEY,
    last_name character varying(20) NOT NULL,
    first_name character varying(10) NOT NULL,
    birth_date date,
    photo bytea,
    notes text,
    reports_to smallint REFERENCES employees
);

CREATE TABLE products (
    product_id smallint NOT NULL PRIMARY KEY,
    product_name character varying(40) NOT NULL,
    unit_price real,
    discontinued integer NOT NULL
);

CREATE TABLE shippers (
    shipper_id smallint NOT NULL PRIMARY KEY,
    company_name character varying(40) NOT NULL,
    phone character varying(24)
);

CREATE TABLE orders (
    order_id smallint NOT NULL,
    customer_id bpchar,
    employee_id smallint,
    order_date date,
    required_date date,
    shipped_date date,
    ship_via smallint,
    freight real,
    ship_name character varying(40),
    ship_address character varying(60),
    ship_city character varying(15),
    ship_region character varying(15),
    ship_postal_code character varying(10),
    ship_country character varying(15)
);

CREATE TABLE order_details (
    order_id smallint NOT NULL,
    product_id smallint NOT NULL,
    unit_price real NOT NULL,
    quantity smallint NOT NULL,
    discount real NOT NULL
);

INSERT INTO customers VALUES ('OHARA', 'O''Hara "Fine" Foods', 'Mo O''Hara', 'Cork');
INSERT INTO customers VALUES ('ZÜRI ', 'Zürcher Käse {d AG} ?; --', NULL, 'Zürich');
INSERT INTO employees VALUES (1, 'Berg', 'Ida', '1990-02-28', '\x', 'Speaks three languages.', NULL);
INSERT INTO employees VALUES (2, 'Stone', 'Max', NULL, NULL, NULL, 1);
INSERT INTO products VALUES (1, 'Hazelnut spread', 9.80000019, 0);
INSERT INTO products VALUES (2, 'Rye crisps', 2.5, 1);
INSERT INTO shippers VALUES (1, 'Harbour Freight', NULL);
INSERT INTO orders VALUES (1, 'OHARA', 1, '2024-02-29', '2024-03-31', NULL, 1, 32.3800011, 'O''Hara', '1 Quay', 'Cork', NULL, 'T12', 'Ireland');
INSERT INTO orders VALUES (2, 'ZÜRI ', 1, '2024-03-01', NULL, NULL, NULL, NULL, 'Zürcher', 'Seestr. 4', 'Zürich', 'ZH', '8001', 'Schweiz');
INSERT INTO orders VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO orders VALUES (4, 'OHARA', 2, '2024-03-02', '2024-04-01', '2024-03-09', 1, 11.6099997, 'O''Hara', '2 Quay', 'Cork', NULL, 'T12', 'Ireland');
INSERT INTO order_details VALUES (1, 1, 9.80000019, 3, 0);
INSERT INTO order_details VALUES (1, 2, 2.5, 3, 0.0199999996);
INSERT INTO order_details VALUES (2, 2, 2.4000001, 12, 0.150000006);
INSERT INTO order_details VALUES (4, 1, 9.80000019, 1, 0.25);

ALTER TABLE ONLY orders ADD CONSTRAINT pk_orders PRIMARY KEY (order_id);
ALTER TABLE ONLY order_details ADD CONSTRAINT pk_order_details PRIMARY KEY (order_id, product_id);
ALTER TABLE ONLY orders ADD CONSTRAINT fk_orders_customers FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE ONLY orders ADD CONSTRAINT fk_orders_employees FOREIGN KEY (employee_id) REFERENCES employees;
ALTER TABLE ONLY orders ADD CONSTRAINT fk_orders_shippers FOREIGN KEY (ship_via) REFERENCES shippers;
ALTER TABLE ONLY order_details ADD CONSTRAINT fk_order_details_products FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE ONLY order_details ADD CONSTRAINT fk_order_details_orders FOREIGN KEY (order_id) REFERENCES orders;
