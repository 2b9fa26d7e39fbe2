-- The five tables: each row is a document under its published names, with the columns that are searched.
CREATE TABLE Users (
    userId TEXT PRIMARY KEY,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;

CREATE TABLE Dishes (
    dishId TEXT PRIMARY KEY,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;

CREATE TABLE Evaluations (
    evaluationId TEXT PRIMARY KEY,
    userId TEXT NOT NULL,
    dishId TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('PROCESSING', 'COMPLETED', 'FAILED')),
    createdAt TEXT NOT NULL,
    workKey TEXT NOT NULL,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;

-- The last word on "the same work is never done twice", whatever the code above it does.
CREATE UNIQUE INDEX "work-once-index" ON Evaluations (workKey) WHERE status <> 'FAILED';

CREATE TABLE ActionSequences (
    evaluationId TEXT PRIMARY KEY REFERENCES Evaluations (evaluationId) ON DELETE CASCADE,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;

CREATE TABLE Feedback (
    evaluationId TEXT PRIMARY KEY REFERENCES Evaluations (evaluationId) ON DELETE CASCADE,
    document TEXT NOT NULL CHECK (json_valid(document))
) STRICT;
