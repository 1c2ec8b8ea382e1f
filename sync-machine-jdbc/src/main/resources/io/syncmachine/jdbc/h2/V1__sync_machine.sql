-- SyncMachine's tables on H2 2.2 or newer, version 1.
--
-- ${syncMachinePrefix} stands before every name: sync_machine_ by default, or with a schema in front, such as
-- integration.sync_machine_. Flyway replaces it as a placeholder, Liquibase as a changelog parameter.

-- Tokens of claims and epochs of records: the last number that was given. Never reset it, and never delete the row: a number that
-- is given twice breaks the fence.
create table if not exists ${syncMachinePrefix}fence (
    id          smallint primary key,
    last_number bigint not null
);

merge into ${syncMachinePrefix}fence f using (values (1)) n(id) on f.id = n.id
    when not matched then insert (id, last_number) values (1, 0);

-- Changes, written in the transactions that make them and only ever inserted there; a relay turns them into jobs. held_until is used
-- where jobs are kept elsewhere and do not survive a crash: a change stays until its job is done.
create table if not exists ${syncMachinePrefix}outbox (
    id         bigint generated always as identity primary key,
    tenant     varchar not null,
    type       varchar not null,
    entity_id  varchar not null,
    kind       varchar not null,
    changed    character large object not null,
    machines   character large object not null,
    trace      varchar,
    held_until timestamp(6) with time zone,
    added_at   timestamp(6) with time zone not null default current_timestamp(6)
);

-- One job per key. requested grows with every request and claimed remembers what a claim has seen of it: a run that ends with
-- both equal has missed nothing. Lane 0 is live, 1 the background. A parked one is a dead letter; refused is the document that it
-- was given up with. While changes settle, each puts off due_at, up to settle_by.
create table if not exists ${syncMachinePrefix}job (
    tenant        varchar not null,
    machine       varchar not null,
    stage         smallint not null,
    job_key       varchar not null,
    requested     bigint not null,
    claimed       bigint,
    token         bigint,
    lease_until   timestamp(6) with time zone,
    owner         varchar,
    due_at        timestamp(6) with time zone not null,
    settle_by     timestamp(6) with time zone,
    attempts      integer not null default 0,
    failing_since timestamp(6) with time zone,
    last_failure  varchar,
    parked        boolean not null default false,
    parked_at     timestamp(6) with time zone,
    refused       character large object,
    changed       character large object not null,
    lane          smallint not null,
    causes        character large object not null,
    primary key (tenant, machine, stage, job_key)
);

create index if not exists ${syncMachinePrefix}job_due on ${syncMachinePrefix}job (machine, stage, parked, tenant, lane, due_at);

-- What is known of the API's state, one record per subject.
create table if not exists ${syncMachinePrefix}payload (
    tenant             varchar not null,
    machine            varchar not null,
    subject_id         varchar not null,
    state              varchar not null,
    fingerprint        varchar,
    body               character large object,
    remote_id          varchar,
    published_at       timestamp(6) with time zone,
    epoch              bigint not null,
    intended           boolean not null default false,
    doubt              boolean not null default false,
    intent_kind        varchar,
    intent_fingerprint varchar,
    intent_key         varchar,
    intent_body        character large object,
    call_until         timestamp(6) with time zone,
    builder_version    integer not null default 0,
    used_at            timestamp(6) with time zone not null,
    primary key (tenant, machine, subject_id)
);

-- What became of every run; only ever inserted, and deleted when it is old.
create table if not exists ${syncMachinePrefix}journal (
    id          bigint generated always as identity primary key,
    at          timestamp(6) with time zone not null,
    node        varchar not null,
    tenant      varchar not null,
    machine     varchar not null,
    subject_id  varchar not null,
    result      varchar not null,
    kind        varchar,
    attempt     integer not null,
    reason      varchar,
    fingerprint varchar,
    took        bigint,
    causes      character large object not null
);

create index if not exists ${syncMachinePrefix}journal_subject
    on ${syncMachinePrefix}journal (machine, subject_id, tenant, id);

-- What all nodes must know of a machine.
create table if not exists ${syncMachinePrefix}machine (
    name            varchar primary key,
    builder_version integer not null,
    swept_version   integer not null,
    paused          varchar,
    seen_at         timestamp(6) with time zone not null
);

create table if not exists ${syncMachinePrefix}lease (
    lease_key  varchar primary key,
    holder     varchar not null,
    expires_at timestamp(6) with time zone not null
);

-- How a destination was called lately, and until when it is to be left alone (microseconds since 1970).
create table if not exists ${syncMachinePrefix}destination (
    name         varchar primary key,
    call_log     varchar not null,
    paused_until bigint not null
);

-- Resyncs that were asked for, and how far they are; times in milliseconds since 1970, zero for none.
create table if not exists ${syncMachinePrefix}resync (
    id           varchar primary key,
    machine      varchar not null,
    status       varchar not null,
    forced       boolean not null,
    done         bigint not null,
    total        bigint not null,
    place        varchar not null,
    requested_at bigint not null,
    ended_at     bigint not null,
    revision     bigint not null
);

-- The ids of those that go through some subjects only, a thousand or so in a row.
create table if not exists ${syncMachinePrefix}resync_page (
    resync_id   varchar not null,
    page        integer not null,
    subject_ids character large object not null,
    primary key (resync_id, page)
);

create table if not exists ${syncMachinePrefix}schema (
    version      integer primary key,
    installed_at timestamp(6) with time zone not null default current_timestamp
);

merge into ${syncMachinePrefix}schema s using (values (1)) n(version) on s.version = n.version
    when not matched then insert (version) values (1);
