-- SyncMachine's tables on PostgreSQL 12 or newer, version 1.
--
-- ${syncMachinePrefix} stands before every name: sync_machine_ by default, or with a schema in front, such as
-- integration.sync_machine_. Flyway replaces it as a placeholder, Liquibase as a changelog parameter.

-- Tokens of claims and epochs of records. Never reset it: a number that is given twice breaks the fence.
create sequence ${syncMachinePrefix}fence;

-- Changes, written in the transactions that make them and only ever inserted there; a relay turns them into jobs. held_until is used
-- where jobs are kept elsewhere and do not survive a crash: a change stays until its job is done.
create table ${syncMachinePrefix}outbox (
    id         bigint generated always as identity primary key,
    tenant     text not null,
    type       text not null,
    entity_id  text not null,
    kind       text not null,
    changed    text not null,
    machines   text not null,
    trace      text,
    held_until timestamptz,
    added_at   timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

-- One job per key. requested grows with every request and claimed remembers what a claim has seen of it: a run that ends with
-- both equal has missed nothing. Lane 0 is live, 1 the background. A parked one is a dead letter; refused is the document that it
-- was given up with. While changes settle, each puts off due_at, up to settle_by.
create table ${syncMachinePrefix}job (
    tenant        text collate "C" not null,
    machine       text collate "C" not null,
    stage         smallint not null,
    job_key       text collate "C" not null,
    requested     bigint not null default 1,
    claimed       bigint,
    token         bigint,
    lease_until   timestamptz,
    owner         text,
    due_at        timestamptz not null,
    settle_by     timestamptz,
    attempts      integer not null default 0,
    failing_since timestamptz,
    last_failure  text,
    parked        boolean not null default false,
    parked_at     timestamptz,
    refused       text,
    changed       text[] not null,
    lane          smallint not null default 0,
    causes        text[] not null default '{}',
    primary key (job_key, machine, tenant, stage)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

create index on ${syncMachinePrefix}job (machine, stage, tenant, lane, due_at) where not parked;
create index on ${syncMachinePrefix}job (tenant, machine, stage, job_key) where parked;

-- What is known of the API's state, one record per subject.
create table ${syncMachinePrefix}payload (
    tenant             text collate "C" not null,
    machine            text collate "C" not null,
    subject_id         text collate "C" not null,
    state              text not null,
    fingerprint        text,
    body               text,
    remote_id          text,
    published_at       timestamptz,
    epoch              bigint not null,
    intended           boolean not null default false,
    doubt              boolean not null default false,
    intent_kind        text,
    intent_fingerprint text,
    intent_key         text,
    intent_body        text,
    call_until         timestamptz,
    builder_version    integer not null default 0,
    used_at            timestamptz not null default clock_timestamp(),
    primary key (subject_id, machine, tenant)
) with (fillfactor = 50);

-- What became of every run; only ever inserted, and deleted when it is old.
create table ${syncMachinePrefix}journal (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default clock_timestamp(),
    node        text not null,
    tenant      text collate "C" not null,
    machine     text collate "C" not null,
    subject_id  text collate "C" not null,
    result      text not null,
    kind        text,
    attempt     integer not null,
    reason      text,
    fingerprint text,
    took        bigint,
    causes      text not null
);

create index on ${syncMachinePrefix}journal (subject_id, machine, tenant, id);

-- What all nodes must know of a machine.
create table ${syncMachinePrefix}machine (
    name            text collate "C" primary key,
    builder_version integer not null,
    swept_version   integer not null,
    paused          text,
    seen_at         timestamptz not null
);

create table ${syncMachinePrefix}lease (
    lease_key text collate "C" primary key,
    holder    text not null,
    expires_at timestamptz not null
) with (fillfactor = 70);

-- How a destination was called lately, and until when it is to be left alone (microseconds since 1970).
create table ${syncMachinePrefix}destination (
    name         text collate "C" primary key,
    call_log     text not null,
    paused_until bigint not null
) with (fillfactor = 50);

-- Resyncs that were asked for, and how far they are; times in milliseconds since 1970, zero for none.
create table ${syncMachinePrefix}resync (
    id           text collate "C" primary key,
    machine      text collate "C" not null,
    status       text not null,
    forced       boolean not null,
    done         bigint not null,
    total        bigint not null,
    place        text not null,
    requested_at bigint not null,
    ended_at     bigint not null,
    revision     bigint not null
) with (fillfactor = 50);

-- The ids of those that go through some subjects only, a thousand or so in a row.
create table ${syncMachinePrefix}resync_page (
    resync_id   text collate "C" not null,
    page        integer not null,
    subject_ids text not null,
    primary key (resync_id, page)
);

create table ${syncMachinePrefix}schema (
    version      integer primary key,
    installed_at timestamptz not null default now()
);

insert into ${syncMachinePrefix}schema (version) values (1);
