-- What ended is announced at least once. What ended before this was announced at the time: not again.
ALTER TABLE Evaluations ADD COLUMN announcedAt TEXT;
UPDATE Evaluations SET announcedAt = createdAt WHERE status <> 'PROCESSING';
CREATE INDEX "unannounced-index" ON Evaluations (createdAt) WHERE status <> 'PROCESSING' AND announcedAt IS NULL;
