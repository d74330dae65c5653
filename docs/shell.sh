# For the commands of the guides. In a shell in the clone, while `npm start` runs:  . docs/shell.sh
# It loads the credentials of the first admin, defines two functions that read JSON, and gets the admin a token for an hour.

umask 077
set -a; . .local/admin.env; set +a

# Prints a member of a JSON answer. Where the answer does not have it, prints the whole answer and fails.
field() {
  node -e '
    const [name, answer] = [process.argv[1], fs.readFileSync(0, "utf8")];
    let value;
    try { value = JSON.parse(answer)[name]; } catch {}
    if (value === undefined) { console.error(`The answer has no ${name}: ${answer}`); process.exit(1); }
    console.log(value);
  ' "$1"
}

# Prints JSON with line breaks.
pretty() { node -p 'JSON.stringify(JSON.parse(fs.readFileSync(0)), null, 2)'; }

ADMIN_TOKEN=$(curl -sS --fail-with-body "$AGENTIDP_API_URL/api/v1/token" \
  -u "$AGENTIDP_CLIENT_ID:$AGENTIDP_CLIENT_SECRET" -d grant_type=client_credentials \
  -d scope="agents:read agents:write tokens:read audit:read webhooks:read webhooks:write admin:orgs" | field access_token)
