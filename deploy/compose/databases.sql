-- A database and an account for each service; no service can open another's. Run once, when the server's volume is new.
CREATE USER gateway PASSWORD 'orderdock';
CREATE USER sync PASSWORD 'orderdock';
CREATE USER orders PASSWORD 'orderdock';
CREATE USER inventory PASSWORD 'orderdock';
CREATE USER fulfillment PASSWORD 'orderdock';
CREATE USER billing PASSWORD 'orderdock';
CREATE DATABASE gateway OWNER gateway;
CREATE DATABASE sync OWNER sync;
CREATE DATABASE orders OWNER orders;
CREATE DATABASE inventory OWNER inventory;
CREATE DATABASE fulfillment OWNER fulfillment;
CREATE DATABASE billing OWNER billing;
REVOKE CONNECT ON DATABASE gateway, sync, orders, inventory, fulfillment, billing FROM PUBLIC;
