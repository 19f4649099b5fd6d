-- Version 1. Frozen: later layouts come by later steps.
CREATE TABLE dir(
    id INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE object(
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    digest BLOB NOT NULL,
    md5 BLOB,
    names INTEGER NOT NULL,
    body BLOB
);
CREATE TABLE entry(
    dir INTEGER NOT NULL REFERENCES dir(id),
    name BLOB NOT NULL,
    child INTEGER REFERENCES dir(id),
    object INTEGER REFERENCES object(key),
    mtime INTEGER NOT NULL,
    durability INTEGER NOT NULL DEFAULT 0,
    content_type TEXT,
    headers TEXT,
    PRIMARY KEY(dir, name),
    CHECK((child IS NULL) <> (object IS NULL))
) WITHOUT ROWID;
CREATE INDEX entry_child ON entry(child) WHERE child IS NOT NULL;
CREATE INDEX entry_object ON entry(object) WHERE object IS NOT NULL;
CREATE TABLE garbage(
    id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    gone INTEGER
) WITHOUT ROWID;
CREATE INDEX garbage_since ON garbage(since) WHERE gone IS NULL;
CREATE INDEX garbage_gone ON garbage(gone) WHERE gone IS NOT NULL;
CREATE TABLE change(
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    id BLOB
);
CREATE TABLE index_state(
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE doc(
    idx TEXT NOT NULL,
    id TEXT NOT NULL,
    time REAL,
    etag TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY(idx, id)
);
CREATE INDEX doc_time ON doc(idx, time);
INSERT INTO dir(id) VALUES (0);
