-- What is still to be told of a case goes with the case.
ALTER TABLE delivery ADD COLUMN case_id BIGINT;
CREATE INDEX delivery_by_case ON delivery (case_id);
