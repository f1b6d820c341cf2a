-- The tables of a world file. Its statements are run one by one, so none of them may hold ";" before the end of a line.

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE person (id INTEGER PRIMARY KEY, key TEXT UNIQUE, name TEXT NOT NULL) STRICT;
CREATE TABLE identity (
    value TEXT PRIMARY KEY,                       -- normalised e-mail, phone number or handle
    person INTEGER NOT NULL REFERENCES person
) STRICT;
CREATE INDEX identity_person ON identity (person);
CREATE VIEW known_person AS                       -- how to call somebody: by key, else by the first identity
    SELECT id, coalesce(key, (SELECT value FROM identity WHERE person = person.id ORDER BY rowid LIMIT 1), name)
    AS known_as FROM person;
CREATE TABLE registration (                       -- an account in a system, under exactly this identity
    system TEXT NOT NULL,
    identity TEXT NOT NULL REFERENCES identity,
    PRIMARY KEY (system, identity)
) STRICT;

CREATE TABLE organization (
    id INTEGER PRIMARY KEY,
    system TEXT NOT NULL,
    variant TEXT NOT NULL,                        -- developers: '', owner, research
    identity TEXT NOT NULL COLLATE NOCASE,        -- id, handle or name, whatever the system knows it by
    name TEXT NOT NULL,
    key TEXT UNIQUE,                              -- a nickname for people at the command line
    since TEXT NOT NULL,
    UNIQUE (system, identity)
) STRICT;
CREATE TABLE membership (                         -- people who left or were removed have no row
    id INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
    person INTEGER NOT NULL REFERENCES person,
    identity TEXT NOT NULL,                       -- what the invitation was addressed to
    role TEXT NOT NULL,
    finance TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'declined', 'expired')),
    since TEXT NOT NULL,
    expires TEXT,
    UNIQUE (organization, identity)
) STRICT;
CREATE UNIQUE INDEX one_active_membership ON membership (organization, person) WHERE status = 'active';
CREATE INDEX membership_person ON membership (person, organization);
CREATE INDEX membership_expires ON membership (expires) WHERE expires IS NOT NULL;

CREATE TABLE app (
    client_key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner_organization INTEGER REFERENCES organization,
    owner_person INTEGER REFERENCES person,
    receiver INTEGER REFERENCES organization ON DELETE SET NULL,   -- of a transfer that is not accepted yet
    since TEXT NOT NULL,
    CHECK ((owner_organization IS NULL) <> (owner_person IS NULL))
) STRICT;
CREATE TABLE app_manager (
    app TEXT NOT NULL REFERENCES app ON DELETE CASCADE,
    membership INTEGER NOT NULL REFERENCES membership ON DELETE CASCADE,
    since TEXT NOT NULL,
    PRIMARY KEY (app, membership)
) STRICT;

CREATE TABLE asset (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    identity TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL,
    owner_organization INTEGER REFERENCES organization,
    owner_person INTEGER REFERENCES person,
    UNIQUE (kind, identity)
) STRICT;
CREATE TABLE holding (                            -- an asset as one Business Center has it
    id INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
    asset INTEGER NOT NULL REFERENCES asset ON DELETE CASCADE,
    relation TEXT NOT NULL CHECK (relation IN ('owner', 'granted', 'partner')),
    status TEXT NOT NULL CHECK (status IN ('active', 'requested', 'declined', 'lapsed', 'revoked_by_owner')),
    permissions TEXT NOT NULL,                    -- of a TikTok account: sorted, joined by commas
    pending TEXT,                                 -- permissions asked for and not approved yet
    since TEXT NOT NULL,
    expires TEXT,
    UNIQUE (organization, asset)
) STRICT;
CREATE INDEX holding_expires ON holding (expires) WHERE expires IS NOT NULL;
CREATE VIEW IF NOT EXISTS held AS                 -- the same with what the asset itself says
    SELECT holding.*, asset.id AS asset_number, asset.kind, asset.identity, asset.name,
    asset.owner_organization, asset.owner_person FROM holding JOIN asset ON asset.id = holding.asset;
CREATE TABLE asset_grant (
    holding INTEGER NOT NULL REFERENCES holding ON DELETE CASCADE,
    membership INTEGER NOT NULL REFERENCES membership ON DELETE CASCADE,
    roles TEXT NOT NULL,                          -- a role, or permissions joined by commas
    since TEXT NOT NULL,
    PRIMARY KEY (holding, membership)
) STRICT;
CREATE TABLE promised_grant (                     -- access to an ad account that comes with accepting an invitation
    holding INTEGER NOT NULL REFERENCES holding ON DELETE CASCADE,
    membership INTEGER NOT NULL REFERENCES membership ON DELETE CASCADE,
    roles TEXT NOT NULL,
    PRIMARY KEY (holding, membership)
) STRICT;
CREATE TABLE qr_code (                            -- shown by a Business Center to whoever owns a TikTok account
    code TEXT PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
    actor INTEGER NOT NULL REFERENCES person,
    ads_only INTEGER NOT NULL,
    since TEXT NOT NULL,
    expires TEXT NOT NULL
) STRICT;
CREATE TABLE asset_use (                          -- a pixel or TikTok account that an ad account may use
    holding INTEGER NOT NULL REFERENCES holding ON DELETE CASCADE,
    ad_account INTEGER NOT NULL REFERENCES holding ON DELETE CASCADE,
    since TEXT NOT NULL,
    PRIMARY KEY (holding, ad_account)
) STRICT;

CREATE TABLE asset_group (
    id INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
    name TEXT NOT NULL COLLATE NOCASE,
    since TEXT NOT NULL,
    UNIQUE (organization, name)
) STRICT;
CREATE TABLE group_asset (
    asset_group INTEGER NOT NULL REFERENCES asset_group ON DELETE CASCADE,
    holding INTEGER NOT NULL REFERENCES holding ON DELETE CASCADE,
    since TEXT NOT NULL,
    PRIMARY KEY (asset_group, holding)
) STRICT;
CREATE TABLE group_member (
    asset_group INTEGER NOT NULL REFERENCES asset_group ON DELETE CASCADE,
    membership INTEGER NOT NULL REFERENCES membership ON DELETE CASCADE,
    role TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (asset_group, membership)
) STRICT;

CREATE TABLE partnership (
    id INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
    partner INTEGER NOT NULL REFERENCES organization ON DELETE CASCADE,
    status TEXT NOT NULL CHECK (status IN ('active', 'requested', 'declined')),
    since TEXT NOT NULL,
    UNIQUE (organization, partner)
) STRICT;
CREATE TABLE share (
    partnership INTEGER NOT NULL REFERENCES partnership ON DELETE CASCADE,
    holding INTEGER NOT NULL REFERENCES holding ON DELETE CASCADE,
    role TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (partnership, holding)
) STRICT;
CREATE VIEW IF NOT EXISTS shared AS               -- the same with who shares what with whom
    SELECT share.*, partnership.status, lender.id AS lender, lender.identity AS lender_bc, borrower.id AS borrower,
    borrower.identity AS borrower_bc, borrower.name AS borrower_name, held.asset_number, held.kind, held.identity,
    held.name FROM share JOIN partnership ON partnership.id = share.partnership
    JOIN organization AS lender ON lender.id = partnership.organization
    JOIN organization AS borrower ON borrower.id = partnership.partner JOIN held ON held.id = share.holding;

CREATE VIEW IF NOT EXISTS waiting AS              -- what waits for somebody's answer
    SELECT person, 'invitation' AS kind, organization AS asking, identity AS subject, since,
    role || coalesce(' until ' || expires, '') AS text FROM membership WHERE status = 'invited'
    UNION ALL SELECT membership.person, 'transfer', app.receiver, app.client_key, app.since, app.name
    FROM app JOIN membership ON membership.organization = app.receiver
    WHERE membership.status = 'active' AND membership.role IN ('admin', 'owner')
    UNION ALL SELECT coalesce(held.owner_person, membership.person) AS owner,
    CASE held.kind WHEN 'tiktok_account' THEN 'link' ELSE 'access' END, held.organization, held.identity, held.since,
    held.kind || ' ' || coalesce(held.pending, held.permissions)
    FROM held LEFT JOIN membership ON membership.organization = held.owner_organization
    AND membership.status = 'active' AND membership.role = 'admin'
    WHERE (held.status = 'requested' OR held.pending IS NOT NULL) AND owner IS NOT NULL
    UNION ALL SELECT membership.person, 'partnership', partnership.organization, organization.identity,
    partnership.since, organization.name
    FROM partnership JOIN organization ON organization.id = partnership.partner
    JOIN membership ON membership.organization = partnership.partner
    WHERE partnership.status = 'requested' AND membership.status = 'active' AND membership.role = 'admin';

CREATE TABLE api_app (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    scopes TEXT NOT NULL                          -- numbers joined by commas
) STRICT;
CREATE TABLE api_code (                           -- what the browser brings back after a person approved an app
    code TEXT PRIMARY KEY,
    app TEXT NOT NULL REFERENCES api_app ON DELETE CASCADE,
    person INTEGER NOT NULL REFERENCES person,
    expires TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE api_token (
    token TEXT PRIMARY KEY,
    app TEXT NOT NULL REFERENCES api_app ON DELETE CASCADE,
    person INTEGER NOT NULL REFERENCES person,
    scopes TEXT NOT NULL,
    since TEXT NOT NULL
) STRICT;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    organization INTEGER,                         -- no reference: the log outlives what it tells of
    actor TEXT NOT NULL,
    verb TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
