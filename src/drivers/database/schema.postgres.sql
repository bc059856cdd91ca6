CREATE TABLE "account" (
  id text NOT NULL,
  email text NOT NULL,
  name text,
  locale text,
  passkey_user_id text NOT NULL,
  created_at bigint NOT NULL,
  closing_at bigint,
  checked_at bigint,
  CONSTRAINT account_email_key UNIQUE (email),
  CONSTRAINT account_passkey_user_id_key UNIQUE (passkey_user_id),
  CONSTRAINT account_pkey PRIMARY KEY (id)
);

CREATE INDEX account_closing ON account USING btree (closing_at) WHERE closing_at IS NOT NULL;

CREATE TABLE "address" (
  id text NOT NULL,
  account_id text NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  added_at bigint NOT NULL,
  reviewed_at bigint NOT NULL,
  suspended_at bigint,
  CONSTRAINT address_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT address_once UNIQUE (account_id, kind, value),
  CONSTRAINT address_pkey PRIMARY KEY (id)
);

CREATE INDEX address_reviewed ON address USING btree (reviewed_at);

CREATE TABLE "address_confirmation" (
  id text NOT NULL,
  account_id text NOT NULL,
  session_id text NOT NULL,
  purpose text NOT NULL,
  value text NOT NULL,
  code_hash text NOT NULL,
  link_hash text,
  tries integer NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  CONSTRAINT address_confirmation_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT address_confirmation_link_hash_key UNIQUE (link_hash),
  CONSTRAINT address_confirmation_pkey PRIMARY KEY (id)
);

CREATE INDEX address_confirmation_account ON address_confirmation USING btree (account_id, purpose, value);

CREATE INDEX address_confirmation_expiry ON address_confirmation USING btree (expires_at);

CREATE TABLE "artifact" (
  id text NOT NULL,
  kind text NOT NULL,
  grant_id text,
  account_id text,
  uid text,
  sealed_payload text NOT NULL,
  consumed_at bigint,
  expires_at bigint,
  CONSTRAINT artifact_pkey PRIMARY KEY (id)
);

CREATE INDEX artifact_by_uid ON artifact USING btree (uid) WHERE uid IS NOT NULL;

CREATE INDEX artifact_expiry ON artifact USING btree (expires_at);

CREATE INDEX artifact_grant ON artifact USING btree (grant_id);

CREATE INDEX artifact_grants_of_account ON artifact USING btree (account_id) WHERE kind = 'Grant'::text;

CREATE INDEX artifact_others_of_account ON artifact USING btree (account_id) WHERE grant_id IS NULL;

CREATE TABLE "authenticator_app" (
  account_id text NOT NULL,
  sealed_secret text NOT NULL,
  last_step bigint NOT NULL,
  failed_tries integer NOT NULL,
  created_at bigint NOT NULL,
  suspended_at bigint,
  CONSTRAINT authenticator_app_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT authenticator_app_pkey PRIMARY KEY (account_id)
);

CREATE TABLE "client" (
  id text NOT NULL,
  name text NOT NULL,
  secret_hash text,
  settings text NOT NULL,
  created_at bigint NOT NULL,
  previous_secret_hash text,
  previous_secret_until bigint,
  CONSTRAINT client_pkey PRIMARY KEY (id)
);

CREATE TABLE "device" (
  id text NOT NULL,
  account_id text NOT NULL,
  client_id text NOT NULL,
  grant_id text NOT NULL,
  name text NOT NULL,
  model text,
  type text,
  scope text NOT NULL,
  country text,
  linked_at bigint NOT NULL,
  last_used_at bigint,
  expires_at bigint NOT NULL,
  undo_hash text NOT NULL,
  notified_at bigint,
  unlinked_at bigint,
  unused_notice_at bigint,
  CONSTRAINT device_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT device_grant_id_key UNIQUE (grant_id),
  CONSTRAINT device_pkey PRIMARY KEY (id),
  CONSTRAINT device_undo_hash_key UNIQUE (undo_hash)
);

CREATE INDEX device_account ON device USING btree (account_id);

CREATE TABLE "device_authorization" (
  id text NOT NULL,
  device_code_hash text NOT NULL,
  user_code_hash text NOT NULL,
  sealed_user_code text NOT NULL,
  client_id text NOT NULL,
  params text NOT NULL,
  device_name text,
  device_model text,
  device_type text,
  user_agent text,
  network text,
  country text,
  interval_ms integer NOT NULL,
  status text NOT NULL,
  account_id text,
  browser_hash text,
  grant_id text,
  device_id text,
  approval text,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  claimed_at bigint,
  decided_at bigint,
  redeemed_at bigint,
  from_crowd integer,
  CONSTRAINT device_authorization_device_code_hash_key UNIQUE (device_code_hash),
  CONSTRAINT device_authorization_pkey PRIMARY KEY (id),
  CONSTRAINT device_authorization_user_code_hash_key UNIQUE (user_code_hash)
);

CREATE INDEX device_authorization_by_decision ON device_authorization USING btree (decided_at) WHERE decided_at IS NOT NULL;

CREATE INDEX device_authorization_by_grant ON device_authorization USING btree (grant_id) WHERE grant_id IS NOT NULL;

CREATE INDEX device_authorization_expiry ON device_authorization USING btree (expires_at);

CREATE TABLE "email_change" (
  id text NOT NULL,
  account_id text NOT NULL,
  old_email text NOT NULL,
  new_email text NOT NULL,
  undo_hash text NOT NULL,
  changed_at bigint NOT NULL,
  undone_at bigint,
  CONSTRAINT email_change_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT email_change_pkey PRIMARY KEY (id),
  CONSTRAINT email_change_undo_hash_key UNIQUE (undo_hash)
);

CREATE INDEX email_change_account ON email_change USING btree (account_id);

CREATE INDEX email_change_old ON email_change USING btree (old_email);

CREATE TABLE "former_authenticator" (
  id text NOT NULL,
  account_id text NOT NULL,
  kind text NOT NULL,
  added_at bigint NOT NULL,
  removed_at bigint NOT NULL,
  taken_back integer NOT NULL DEFAULT 0,
  CONSTRAINT former_authenticator_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT former_authenticator_pkey PRIMARY KEY (id)
);

CREATE INDEX former_authenticator_account ON former_authenticator USING btree (account_id, removed_at);

CREATE TABLE "known_browser" (
  account_id text NOT NULL,
  browser_hash text NOT NULL,
  first_seen_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  CONSTRAINT known_browser_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT known_browser_key PRIMARY KEY (account_id, browser_hash)
);

CREATE INDEX known_browser_age ON known_browser USING btree (last_seen_at);

CREATE INDEX known_browser_browser ON known_browser USING btree (browser_hash);

CREATE TABLE "lookup_key" (
  id text NOT NULL,
  sealed_key text NOT NULL,
  created_at bigint NOT NULL,
  CONSTRAINT lookup_key_pkey PRIMARY KEY (id)
);

CREATE TABLE "mail_confirmation" (
  id text NOT NULL,
  email text NOT NULL,
  browser_hash text NOT NULL,
  code_hash text NOT NULL,
  link_hash text NOT NULL,
  tries integer NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  confirmed_at bigint,
  used_at bigint,
  CONSTRAINT mail_confirmation_link_hash_key UNIQUE (link_hash),
  CONSTRAINT mail_confirmation_pkey PRIMARY KEY (id)
);

CREATE INDEX mail_confirmation_expiry ON mail_confirmation USING btree (expires_at);

CREATE TABLE "passkey" (
  credential_id text NOT NULL,
  account_id text NOT NULL,
  public_key text NOT NULL,
  counter bigint NOT NULL,
  transports text NOT NULL,
  backup_eligible integer NOT NULL,
  synced integer NOT NULL,
  name text NOT NULL,
  created_at bigint NOT NULL,
  last_used_at bigint,
  second_step_only integer NOT NULL DEFAULT 0,
  uv_initialized integer NOT NULL DEFAULT 1,
  suspended_at bigint,
  CONSTRAINT passkey_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT passkey_pkey PRIMARY KEY (credential_id)
);

CREATE INDEX passkey_account ON passkey USING btree (account_id);

CREATE TABLE "password" (
  account_id text NOT NULL,
  sealed_hash text NOT NULL,
  failed_tries integer NOT NULL,
  changed_at bigint NOT NULL,
  short integer NOT NULL DEFAULT 0,
  CONSTRAINT password_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT password_pkey PRIMARY KEY (account_id)
);

CREATE TABLE "process" (
  id text NOT NULL,
  opens text NOT NULL,
  seals text NOT NULL,
  seen_at bigint NOT NULL,
  CONSTRAINT process_pkey PRIMARY KEY (id)
);

CREATE TABLE "recovery" (
  id text NOT NULL,
  account_id text,
  email text NOT NULL,
  browser_hash text NOT NULL,
  status text NOT NULL,
  issued_at bigint,
  saved_at bigint,
  bound_at bigint,
  operator_at bigint,
  bound_way text,
  sealed_saved_code text,
  user_agent text,
  country text,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  waiting_since bigint,
  waits_until bigint,
  changed_at bigint NOT NULL,
  told text,
  cancel_hash text NOT NULL,
  finish_hash text NOT NULL,
  CONSTRAINT recovery_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT recovery_cancel_hash_key UNIQUE (cancel_hash),
  CONSTRAINT recovery_finish_hash_key UNIQUE (finish_hash),
  CONSTRAINT recovery_pkey PRIMARY KEY (id)
);

CREATE INDEX recovery_account ON recovery USING btree (account_id);

CREATE INDEX recovery_browser ON recovery USING btree (browser_hash);

CREATE INDEX recovery_email ON recovery USING btree (email);

CREATE INDEX recovery_expiry ON recovery USING btree (expires_at);

CREATE INDEX recovery_status ON recovery USING btree (status, changed_at);

CREATE TABLE "recovery_code" (
  account_id text NOT NULL,
  selector text NOT NULL,
  sealed_hash text NOT NULL,
  CONSTRAINT recovery_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES recovery_code_set(account_id) ON DELETE CASCADE,
  CONSTRAINT recovery_code_key PRIMARY KEY (account_id, selector)
);

CREATE TABLE "recovery_code_set" (
  account_id text NOT NULL,
  failed_tries integer NOT NULL,
  created_at bigint NOT NULL,
  CONSTRAINT recovery_code_set_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT recovery_code_set_pkey PRIMARY KEY (account_id)
);

CREATE TABLE "recovery_issued_code" (
  id text NOT NULL,
  recovery_id text,
  account_id text,
  channel text NOT NULL,
  code_hash text NOT NULL,
  link_hash text,
  tries integer NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint,
  CONSTRAINT recovery_issued_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT recovery_issued_code_link_hash_key UNIQUE (link_hash),
  CONSTRAINT recovery_issued_code_pkey PRIMARY KEY (id),
  CONSTRAINT recovery_issued_code_recovery_id_fkey FOREIGN KEY (recovery_id) REFERENCES recovery(id) ON DELETE CASCADE
);

CREATE INDEX recovery_issued_code_account ON recovery_issued_code USING btree (account_id);

CREATE INDEX recovery_issued_code_case ON recovery_issued_code USING btree (recovery_id);

CREATE INDEX recovery_issued_code_expiry ON recovery_issued_code USING btree (expires_at);

CREATE TABLE "saved_code" (
  account_id text NOT NULL,
  sealed_hash text NOT NULL,
  failed_tries integer NOT NULL,
  created_at bigint NOT NULL,
  CONSTRAINT saved_code_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT saved_code_pkey PRIMARY KEY (account_id)
);

CREATE TABLE "security_event" (
  id text NOT NULL,
  at bigint NOT NULL,
  type text NOT NULL,
  account_id text,
  data text NOT NULL,
  placed integer NOT NULL DEFAULT 1,
  CONSTRAINT security_event_pkey PRIMARY KEY (id)
);

CREATE INDEX security_event_account ON security_event USING btree (account_id, at);

CREATE INDEX security_event_placed ON security_event USING btree (placed, at);

CREATE TABLE "session" (
  id text NOT NULL,
  secret_hash text NOT NULL,
  previous_secret_hash text,
  renewed_at bigint,
  current_account_id text,
  user_agent text,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  browser_hash text,
  CONSTRAINT session_current_account_id_fkey FOREIGN KEY (current_account_id) REFERENCES account(id) ON DELETE SET NULL,
  CONSTRAINT session_pkey PRIMARY KEY (id),
  CONSTRAINT session_previous_secret_hash_key UNIQUE (previous_secret_hash),
  CONSTRAINT session_secret_hash_key UNIQUE (secret_hash)
);

CREATE INDEX session_expiry ON session USING btree (expires_at);

CREATE TABLE "session_account" (
  session_id text NOT NULL,
  account_id text NOT NULL,
  methods text NOT NULL,
  signed_in_at bigint NOT NULL,
  proven_at bigint NOT NULL,
  spendable_proof_at bigint,
  country text,
  vouched_since bigint,
  CONSTRAINT session_account_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT session_account_key PRIMARY KEY (session_id, account_id),
  CONSTRAINT session_account_session_id_fkey FOREIGN KEY (session_id) REFERENCES session(id) ON DELETE CASCADE
);

CREATE INDEX session_account_account ON session_account USING btree (account_id);

CREATE TABLE "sign_in_notice" (
  id text NOT NULL,
  account_id text NOT NULL,
  session_id text NOT NULL,
  event_id text,
  token_hash text NOT NULL,
  browser text,
  country text,
  signed_in_at bigint NOT NULL,
  told_at bigint,
  ended_at bigint,
  methods text,
  credential text,
  CONSTRAINT sign_in_notice_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT sign_in_notice_pkey PRIMARY KEY (id),
  CONSTRAINT sign_in_notice_token_hash_key UNIQUE (token_hash)
);

CREATE INDEX sign_in_notice_time ON sign_in_notice USING btree (signed_in_at);

CREATE TABLE "sign_in_tries" (
  key text NOT NULL,
  tries integer NOT NULL,
  window_ends_at bigint NOT NULL,
  wait_until bigint NOT NULL,
  expires_at bigint NOT NULL,
  CONSTRAINT sign_in_tries_pkey PRIMARY KEY (key)
);

CREATE INDEX sign_in_tries_expiry ON sign_in_tries USING btree (expires_at);

CREATE TABLE "signing_key" (
  id text NOT NULL,
  alg text NOT NULL,
  sealed_key text NOT NULL,
  created_at bigint NOT NULL,
  retired_at bigint,
  CONSTRAINT signing_key_pkey PRIMARY KEY (id)
);

CREATE TABLE "token_answer" (
  id text NOT NULL,
  grant_id text NOT NULL,
  sealed_answer text NOT NULL,
  expires_at bigint NOT NULL,
  CONSTRAINT token_answer_pkey PRIMARY KEY (id)
);

CREATE INDEX token_answer_expiry ON token_answer USING btree (expires_at);

CREATE TABLE "way_change" (
  id text NOT NULL,
  account_id text NOT NULL,
  session_id text NOT NULL,
  kind text NOT NULL,
  ref text,
  methods text NOT NULL,
  signed_in_at bigint NOT NULL,
  vouched_since bigint NOT NULL,
  browser text,
  country text,
  at bigint NOT NULL,
  token_hash text NOT NULL,
  undone_at bigint,
  CONSTRAINT way_change_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
  CONSTRAINT way_change_pkey PRIMARY KEY (id),
  CONSTRAINT way_change_token_hash_key UNIQUE (token_hash)
);

CREATE INDEX way_change_account ON way_change USING btree (account_id, at);

CREATE INDEX way_change_age ON way_change USING btree (at);
