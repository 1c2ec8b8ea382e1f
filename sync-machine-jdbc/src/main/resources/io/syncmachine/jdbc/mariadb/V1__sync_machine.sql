-- SyncMachine's tables on MariaDB 10.6 or newer, version 1.
--
-- ${syncMachinePrefix} stands before every name: sync_machine_ by default, or with a database in front, such as
-- integration.sync_machine_. Flyway replaces it as a placeholder, Liquibase as a changelog parameter.
--
-- Keys are UTF-8 in binary columns: they compare by bytes, with case and trailing blanks, and are long enough for every id, which
-- text in an index would not be. Times are UTC.

-- Tokens of claims and epochs of records: the last number that was given. Never reset it, and never delete the row: a number that
-- is given twice breaks the fence.
create table if not exists ${syncMachinePrefix}fence (
    id          smallint not null primary key,
    last_number bigint not null
) engine = InnoDB;

insert ignore into ${syncMachinePrefix}fence (id, last_number) values (1, 0);

-- Changes, written in the transactions that make them and only ever inserted there; a relay turns them into jobs. held_until is used
-- where jobs are kept elsewhere and do not survive a crash: a change stays until its job is done.
create table if not exists ${syncMachinePrefix}outbox (
    id         bigint not null auto_increment primary key,
    tenant     text not null,
    type       text not null,
    entity_id  text not null,
    kind       text not null,
    changed    longtext not null,
    machines   longtext not null,
    trace      text,
    held_until datetime(6),
    added_at   datetime(6) not null default (utc_timestamp(6))
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- One job per key. requested grows with every request and claimed remembers what a claim has seen of it: a run that ends with
-- both equal has missed nothing. Lane 0 is live, 1 the background. A parked one is a dead letter; refused is the document that it
-- was given up with. While changes settle, each puts off due_at, up to settle_by.
create table if not exists ${syncMachinePrefix}job (
    tenant        varbinary(255) not null,
    machine       varbinary(100) not null,
    stage         smallint not null,
    job_key       varbinary(2700) not null,
    requested     bigint not null,
    claimed       bigint,
    token         bigint,
    lease_until   datetime(6),
    owner         text,
    due_at        datetime(6) not null,
    settle_by     datetime(6),
    attempts      integer not null default 0,
    failing_since datetime(6),
    last_failure  longtext,
    parked        boolean not null default false,
    parked_at     datetime(6),
    refused       longtext,
    changed       longtext not null,
    lane          smallint not null,
    causes        longtext not null,
    primary key (tenant, machine, stage, job_key),
    key due (machine, stage, parked, tenant, lane, due_at)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- What is known of the API's state, one record per subject.
create table if not exists ${syncMachinePrefix}payload (
    tenant             varbinary(255) not null,
    machine            varbinary(100) not null,
    subject_id         varbinary(2000) not null,
    state              varchar(10) not null,
    fingerprint        text,
    body               longtext,
    remote_id          text,
    published_at       datetime(6),
    epoch              bigint not null,
    intended           boolean not null default false,
    doubt              boolean not null default false,
    intent_kind        varchar(10),
    intent_fingerprint text,
    intent_key         text,
    intent_body        longtext,
    call_until         datetime(6),
    builder_version    integer not null default 0,
    used_at            datetime(6) not null,
    primary key (tenant, machine, subject_id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- What became of every run; only ever inserted, and deleted when it is old.
create table if not exists ${syncMachinePrefix}journal (
    id          bigint not null auto_increment primary key,
    at          datetime(6) not null,
    node        text not null,
    tenant      varbinary(255) not null,
    machine     varbinary(100) not null,
    subject_id  varbinary(2000) not null,
    result      varchar(20) not null,
    kind        varchar(10),
    attempt     integer not null,
    reason      longtext,
    fingerprint text,
    took        bigint,
    causes      longtext not null,
    key subject (machine, subject_id, tenant, id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- What all nodes must know of a machine.
create table if not exists ${syncMachinePrefix}machine (
    name            varbinary(100) not null primary key,
    builder_version integer not null,
    swept_version   integer not null,
    paused          longtext,
    seen_at         datetime(6) not null
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ${syncMachinePrefix}lease (
    lease_key  varbinary(2400) not null primary key,
    holder     text not null,
    expires_at datetime(6) not null
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- How a destination was called lately, and until when it is to be left alone (microseconds since 1970).
create table if not exists ${syncMachinePrefix}destination (
    name         varbinary(100) not null primary key,
    call_log     longtext not null,
    paused_until bigint not null
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- Resyncs that were asked for, and how far they are; times in milliseconds since 1970, zero for none.
create table if not exists ${syncMachinePrefix}resync (
    id           varchar(100) not null primary key,
    machine      varchar(100) not null,
    status       varchar(20) not null,
    forced       boolean not null,
    done         bigint not null,
    total        bigint not null,
    place        longtext not null,
    requested_at bigint not null,
    ended_at     bigint not null,
    revision     bigint not null
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- The ids of those that go through some subjects only, a thousand or so in a row.
create table if not exists ${syncMachinePrefix}resync_page (
    resync_id   varchar(100) not null,
    page        integer not null,
    subject_ids longtext not null,
    primary key (resync_id, page)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ${syncMachinePrefix}schema (
    version      integer not null primary key,
    installed_at datetime(6) not null default current_timestamp(6)
) engine = InnoDB;

insert ignore into ${syncMachinePrefix}schema (version) values (1);
