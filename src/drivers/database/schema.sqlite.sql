CREATE TABLE "account" (
  "id" text primary key,
  "email" text not null unique,
  "name" text,
  "locale" text,
  "passkey_user_id" text not null unique,
  "created_at" bigint not null,
  "closing_at" bigint,
  "checked_at" bigint
);

CREATE INDEX "account_closing" on "account" ("closing_at") where closing_at is not null;

CREATE TABLE "address" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "kind" text not null,
  "value" text not null,
  "added_at" bigint not null,
  "reviewed_at" bigint not null,
  "suspended_at" bigint,
  constraint "address_once" unique ("account_id", "kind", "value")
);

CREATE INDEX "address_reviewed" on "address" ("reviewed_at");

CREATE TABLE "address_confirmation" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "session_id" text not null,
  "purpose" text not null,
  "value" text not null,
  "code_hash" text not null,
  "link_hash" text unique,
  "tries" integer not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "used_at" bigint
);

CREATE INDEX "address_confirmation_account" on "address_confirmation" ("account_id", "purpose", "value");

CREATE INDEX "address_confirmation_expiry" on "address_confirmation" ("expires_at");

CREATE TABLE "artifact" (
  "id" text primary key,
  "kind" text not null,
  "grant_id" text,
  "account_id" text,
  "uid" text,
  "sealed_payload" text not null,
  "consumed_at" bigint,
  "expires_at" bigint
);

CREATE INDEX "artifact_by_uid" on "artifact" ("uid") where "uid" is not null;

CREATE INDEX "artifact_expiry" on "artifact" ("expires_at");

CREATE INDEX "artifact_grant" on "artifact" ("grant_id");

CREATE INDEX "artifact_grants_of_account" on "artifact" ("account_id") where kind = 'Grant';

CREATE INDEX "artifact_others_of_account" on "artifact" ("account_id") where grant_id is null;

CREATE TABLE "authenticator_app" (
  "account_id" text primary key references "account" ("id") on delete cascade,
  "sealed_secret" text not null,
  "last_step" bigint not null,
  "failed_tries" integer not null,
  "created_at" bigint not null,
  "suspended_at" bigint
);

CREATE TABLE "client" (
  "id" text primary key,
  "name" text not null,
  "secret_hash" text,
  "settings" text not null,
  "created_at" bigint not null,
  "previous_secret_hash" text,
  "previous_secret_until" bigint
);

CREATE TABLE "device" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "client_id" text not null,
  "grant_id" text not null unique,
  "name" text not null,
  "model" text,
  "type" text,
  "scope" text not null,
  "country" text,
  "linked_at" bigint not null,
  "last_used_at" bigint,
  "expires_at" bigint not null,
  "undo_hash" text not null unique,
  "notified_at" bigint,
  "unlinked_at" bigint,
  "unused_notice_at" bigint
);

CREATE INDEX "device_account" on "device" ("account_id");

CREATE TABLE "device_authorization" (
  "id" text primary key,
  "device_code_hash" text not null unique,
  "user_code_hash" text not null unique,
  "sealed_user_code" text not null,
  "client_id" text not null,
  "params" text not null,
  "device_name" text,
  "device_model" text,
  "device_type" text,
  "user_agent" text,
  "network" text,
  "country" text,
  "interval_ms" integer not null,
  "status" text not null,
  "account_id" text,
  "browser_hash" text,
  "grant_id" text,
  "device_id" text,
  "approval" text,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "claimed_at" bigint,
  "decided_at" bigint,
  "redeemed_at" bigint,
  "from_crowd" integer
);

CREATE INDEX "device_authorization_by_decision" on "device_authorization" ("decided_at") where "decided_at" is not null;

CREATE INDEX "device_authorization_by_grant" on "device_authorization" ("grant_id") where "grant_id" is not null;

CREATE INDEX "device_authorization_expiry" on "device_authorization" ("expires_at");

CREATE TABLE "email_change" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "old_email" text not null,
  "new_email" text not null,
  "undo_hash" text not null unique,
  "changed_at" bigint not null,
  "undone_at" bigint
);

CREATE INDEX "email_change_account" on "email_change" ("account_id");

CREATE INDEX "email_change_old" on "email_change" ("old_email");

CREATE TABLE "former_authenticator" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "kind" text not null,
  "added_at" bigint not null,
  "removed_at" bigint not null,
  "taken_back" integer default 0 not null
);

CREATE INDEX "former_authenticator_account" on "former_authenticator" ("account_id", "removed_at");

CREATE TABLE "known_browser" (
  "account_id" text not null references "account" ("id") on delete cascade,
  "browser_hash" text not null,
  "first_seen_at" bigint not null,
  "last_seen_at" bigint not null,
  constraint "known_browser_key" primary key ("account_id", "browser_hash")
);

CREATE INDEX "known_browser_age" on "known_browser" ("last_seen_at");

CREATE INDEX "known_browser_browser" on "known_browser" ("browser_hash");

CREATE TABLE "lookup_key" (
  "id" text primary key,
  "sealed_key" text not null,
  "created_at" bigint not null
);

CREATE TABLE "mail_confirmation" (
  "id" text primary key,
  "email" text not null,
  "browser_hash" text not null,
  "code_hash" text not null,
  "link_hash" text not null unique,
  "tries" integer not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "confirmed_at" bigint,
  "used_at" bigint
);

CREATE INDEX "mail_confirmation_expiry" on "mail_confirmation" ("expires_at");

CREATE TABLE "passkey" (
  "credential_id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "public_key" text not null,
  "counter" bigint not null,
  "transports" text not null,
  "backup_eligible" integer not null,
  "synced" integer not null,
  "name" text not null,
  "created_at" bigint not null,
  "last_used_at" bigint,
  "second_step_only" integer default 0 not null,
  "uv_initialized" integer default 1 not null,
  "suspended_at" bigint
);

CREATE INDEX "passkey_account" on "passkey" ("account_id");

CREATE TABLE "password" (
  "account_id" text primary key references "account" ("id") on delete cascade,
  "sealed_hash" text not null,
  "failed_tries" integer not null,
  "changed_at" bigint not null,
  "short" integer default 0 not null
);

CREATE TABLE "process" (
  "id" text primary key,
  "opens" text not null,
  "seals" text not null,
  "seen_at" bigint not null
);

CREATE TABLE "recovery" (
  "id" text primary key,
  "account_id" text references "account" ("id") on delete cascade,
  "email" text not null,
  "browser_hash" text not null,
  "status" text not null,
  "issued_at" bigint,
  "saved_at" bigint,
  "bound_at" bigint,
  "operator_at" bigint,
  "bound_way" text,
  "sealed_saved_code" text,
  "user_agent" text,
  "country" text,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "waiting_since" bigint,
  "waits_until" bigint,
  "changed_at" bigint not null,
  "told" text,
  "cancel_hash" text not null unique,
  "finish_hash" text not null unique
);

CREATE INDEX "recovery_account" on "recovery" ("account_id");

CREATE INDEX "recovery_browser" on "recovery" ("browser_hash");

CREATE INDEX "recovery_email" on "recovery" ("email");

CREATE INDEX "recovery_expiry" on "recovery" ("expires_at");

CREATE INDEX "recovery_status" on "recovery" ("status", "changed_at");

CREATE TABLE "recovery_code" (
  "account_id" text not null references "recovery_code_set" ("account_id") on delete cascade,
  "selector" text not null,
  "sealed_hash" text not null,
  constraint "recovery_code_key" primary key ("account_id", "selector")
);

CREATE TABLE "recovery_code_set" (
  "account_id" text primary key references "account" ("id") on delete cascade,
  "failed_tries" integer not null,
  "created_at" bigint not null
);

CREATE TABLE "recovery_issued_code" (
  "id" text primary key,
  "recovery_id" text references "recovery" ("id") on delete cascade,
  "account_id" text references "account" ("id") on delete cascade,
  "channel" text not null,
  "code_hash" text not null,
  "link_hash" text unique,
  "tries" integer not null,
  "created_at" bigint not null,
  "expires_at" bigint not null,
  "used_at" bigint
);

CREATE INDEX "recovery_issued_code_account" on "recovery_issued_code" ("account_id");

CREATE INDEX "recovery_issued_code_case" on "recovery_issued_code" ("recovery_id");

CREATE INDEX "recovery_issued_code_expiry" on "recovery_issued_code" ("expires_at");

CREATE TABLE "saved_code" (
  "account_id" text primary key references "account" ("id") on delete cascade,
  "sealed_hash" text not null,
  "failed_tries" integer not null,
  "created_at" bigint not null
);

CREATE TABLE "security_event" (
  "id" text primary key,
  "at" bigint not null,
  "type" text not null,
  "account_id" text,
  "data" text not null,
  "placed" integer default 1 not null
);

CREATE INDEX "security_event_account" on "security_event" ("account_id", "at");

CREATE INDEX "security_event_placed" on "security_event" ("placed", "at");

CREATE TABLE "session" (
  "id" text primary key,
  "secret_hash" text not null unique,
  "previous_secret_hash" text unique,
  "renewed_at" bigint,
  "current_account_id" text references "account" ("id") on delete set null,
  "user_agent" text,
  "created_at" bigint not null,
  "seen_at" bigint not null,
  "expires_at" bigint not null,
  "browser_hash" text
);

CREATE INDEX "session_expiry" on "session" ("expires_at");

CREATE TABLE "session_account" (
  "session_id" text not null references "session" ("id") on delete cascade,
  "account_id" text not null references "account" ("id") on delete cascade,
  "methods" text not null,
  "signed_in_at" bigint not null,
  "proven_at" bigint not null,
  "spendable_proof_at" bigint,
  "country" text,
  "vouched_since" bigint,
  constraint "session_account_key" primary key ("session_id", "account_id")
);

CREATE INDEX "session_account_account" on "session_account" ("account_id");

CREATE TABLE "sign_in_notice" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "session_id" text not null,
  "event_id" text,
  "token_hash" text not null unique,
  "browser" text,
  "country" text,
  "signed_in_at" bigint not null,
  "told_at" bigint,
  "ended_at" bigint,
  "methods" text,
  "credential" text
);

CREATE INDEX "sign_in_notice_time" on "sign_in_notice" ("signed_in_at");

CREATE TABLE "sign_in_tries" (
  "key" text primary key,
  "tries" integer not null,
  "window_ends_at" bigint not null,
  "wait_until" bigint not null,
  "expires_at" bigint not null
);

CREATE INDEX "sign_in_tries_expiry" on "sign_in_tries" ("expires_at");

CREATE TABLE "signing_key" (
  "id" text primary key,
  "alg" text not null,
  "sealed_key" text not null,
  "created_at" bigint not null,
  "retired_at" bigint
);

CREATE TABLE "token_answer" (
  "id" text primary key,
  "grant_id" text not null,
  "sealed_answer" text not null,
  "expires_at" bigint not null
);

CREATE INDEX "token_answer_expiry" on "token_answer" ("expires_at");

CREATE TABLE "way_change" (
  "id" text primary key,
  "account_id" text not null references "account" ("id") on delete cascade,
  "session_id" text not null,
  "kind" text not null,
  "ref" text,
  "methods" text not null,
  "signed_in_at" bigint not null,
  "vouched_since" bigint not null,
  "browser" text,
  "country" text,
  "at" bigint not null,
  "token_hash" text not null unique,
  "undone_at" bigint
);

CREATE INDEX "way_change_account" on "way_change" ("account_id", "at");

CREATE INDEX "way_change_age" on "way_change" ("at");
