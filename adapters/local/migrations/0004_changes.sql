-- The history of evaluations, for readers that go on where they stopped. It is written in the transaction of the
-- change itself, so its order is the order of the commits. The mark tells a reader whether the history that it read
-- is still this one: after a restore it is not. Of what was deleted not even the id stays: its changes are blanked.
CREATE TABLE Changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    evaluationId TEXT NOT NULL,
    mark TEXT NOT NULL DEFAULT (lower(hex(randomblob(8))))
) STRICT;

INSERT INTO Changes (evaluationId) SELECT evaluationId FROM Evaluations ORDER BY createdAt, evaluationId;

CREATE TRIGGER "evaluation-begun" AFTER INSERT ON Evaluations BEGIN
    INSERT INTO Changes (evaluationId) VALUES (NEW.evaluationId);
END;

-- A lease that is renewed is no change.
CREATE TRIGGER "evaluation-changed" AFTER UPDATE OF document ON Evaluations BEGIN
    INSERT INTO Changes (evaluationId) VALUES (NEW.evaluationId);
END;

CREATE TRIGGER "evaluation-deleted" AFTER DELETE ON Evaluations BEGIN
    UPDATE Changes SET evaluationId = '' WHERE evaluationId = OLD.evaluationId;
    INSERT INTO Changes (evaluationId) VALUES ('');
END;

CREATE INDEX "changes-of-evaluation-index" ON Changes (evaluationId);
