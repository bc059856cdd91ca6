#!/bin/sh
# Makes the secrets that compose.yaml names, once: files that exist are left as they are.
set -eu
cd "$(dirname "$0")"
# The folder keeps others on this machine out; the files must be readable to the containers' users.
mkdir -p secrets
chmod 700 secrets

keep() {
  [ -e "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
  chmod 444 "secrets/$1"
}
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

keep secret "$(head -c 32 /dev/urandom | base64)"
keep metrics_token "$(random 24)"
keep postgres_password "$(random 24)"
keep database_url "postgres://latchkey:$(cat secrets/postgres_password)@postgres/latchkey"
keep valkey_password "$(random 24)"
keep valkey_config "requirepass $(cat secrets/valkey_password)"
keep valkey_url "redis://:$(cat secrets/valkey_password)@valkey"
keep smtp_url 'smtp://user:password@mail.example.org:587'
echo 'Put the address of your mail server into secrets/smtp_url. Keep a copy of secrets/secret: without it, nothing opens.'
