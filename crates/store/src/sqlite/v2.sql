-- Version 2. Directory ids are never used again, so that they can be
-- remembered; entries hold what a listing shows, so that it reads one table;
-- versions have an owner whose use is counted, and what the scrub found.

CREATE TABLE setting(
    name TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE hold(
    name TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) WITHOUT ROWID;

DROP INDEX entry_child;
DROP INDEX entry_object;
ALTER TABLE dir RENAME TO dir_1;
ALTER TABLE object RENAME TO object_1;
ALTER TABLE entry RENAME TO entry_1;

CREATE TABLE dir(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entries INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE object(
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    owner INTEGER NOT NULL,
    size INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    digest BLOB NOT NULL,
    md5 BLOB,
    names INTEGER NOT NULL,
    checked INTEGER,
    fault TEXT,
    body BLOB
);

CREATE TABLE entry(
    dir INTEGER NOT NULL REFERENCES dir(id),
    name BLOB NOT NULL,
    child INTEGER REFERENCES dir(id),
    object INTEGER REFERENCES object(key),
    mtime INTEGER NOT NULL,
    durability INTEGER NOT NULL DEFAULT 0,
    id BLOB,
    size INTEGER,
    stored INTEGER,
    digest BLOB,
    md5 BLOB,
    content_type TEXT,
    headers TEXT,
    PRIMARY KEY(dir, name),
    CHECK((child IS NULL) <> (object IS NULL))
) WITHOUT ROWID;

CREATE TABLE usage(
    account INTEGER PRIMARY KEY REFERENCES dir(id),
    objects INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    stored INTEGER NOT NULL DEFAULT 0,
    quota INTEGER
);

INSERT INTO dir(id, entries) SELECT id, entries FROM dir_1;

-- The owner is the account of a name, found by walking up. A version that
-- several accounts name belongs to the one with the lowest number.
INSERT INTO object(key, id, owner, size, stored, digest, md5, names, body)
WITH RECURSIVE up(object, dir) AS (
    SELECT object, dir FROM entry_1 WHERE object IS NOT NULL
    UNION
    SELECT up.object, e.dir FROM up JOIN entry_1 e ON e.child = up.dir
), owner(object, account) AS (
    SELECT up.object, min(up.dir) FROM up
    JOIN entry_1 e ON e.child = up.dir AND e.dir = 0 GROUP BY up.object
)
SELECT o.key, o.id, coalesce(w.account, 0), o.size, o.stored, o.digest,
       o.md5, o.names, o.body
FROM object_1 o LEFT JOIN owner w ON w.object = o.key;

INSERT INTO entry(dir, name, child, object, mtime, durability, id, size,
                  stored, digest, md5, content_type, headers)
SELECT e.dir, e.name, e.child, e.object, e.mtime, e.durability, o.id, o.size,
       o.stored, o.digest, o.md5,
       nullif(e.content_type, 'application/octet-stream'),
       nullif(e.headers, '{}')
FROM entry_1 e LEFT JOIN object o ON o.key = e.object;

INSERT INTO usage(account, objects, size, stored)
SELECT e.child, count(o.key), coalesce(sum(o.size), 0),
       coalesce(sum(o.stored), 0)
FROM entry e LEFT JOIN object o ON o.owner = e.child
WHERE e.dir = 0 AND e.child IS NOT NULL GROUP BY e.child;

DROP TABLE entry_1;
DROP TABLE object_1;
DROP TABLE dir_1;

-- The last change is never taken off the log, so positions only grow.
ALTER TABLE change RENAME TO change_1;
CREATE TABLE change(
    position INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    id BLOB
);
INSERT INTO change(position, path, id) SELECT position, path, id FROM change_1;
DROP TABLE change_1;

-- Only bytes in files are ever looked up by id.
CREATE UNIQUE INDEX object_id ON object(id) WHERE body IS NULL;
CREATE INDEX entry_child ON entry(child) WHERE child IS NOT NULL;
CREATE INDEX entry_object ON entry(object) WHERE object IS NOT NULL;

INSERT INTO setting(name, value) VALUES ('changes_trimmed_to', 0);
