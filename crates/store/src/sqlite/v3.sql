-- Version 3. Accounts: who may sign requests, and what they may do.

CREATE TABLE account(
    login TEXT PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    document TEXT NOT NULL
) WITHOUT ROWID;

-- Random bytes that are made once, such as the key of tokens.
CREATE TABLE secret(
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
