-- Work is held by a lease. What was in progress before there were leases has nobody alive behind it.
ALTER TABLE Evaluations ADD COLUMN leaseOwner TEXT;
ALTER TABLE Evaluations ADD COLUMN leaseUntil TEXT;
UPDATE Evaluations SET leaseOwner = '', leaseUntil = createdAt WHERE status = 'PROCESSING';
CREATE INDEX "lease-index" ON Evaluations (leaseUntil) WHERE status = 'PROCESSING';
CREATE INDEX "userId-timestamp-index" ON Evaluations (userId, createdAt);
